/** `storage nmp`: which path a command takes. Source: a vendor's captures of 6.5 and later. */
import { CommandFailure } from "../failure.ts";
import { type Block, nothing } from "../format/output.ts";
import type { HostState } from "../state/state.ts";
import { configOfDevice, type Disk, diskNamed, disks, displayName } from "../world/devices.ts";
import { type Command, requiredStr, str } from "./command.ts";

const DEVICE = requiredStr("device", "d", "The device to operate on.");
const POLICIES = new Set(["VMW_PSP_FIXED", "VMW_PSP_MRU", "VMW_PSP_RR"]);

export const nmpCommands: readonly Command[] = [
  {
    path: "storage nmp device list",
    help: "List the devices currently controlled by the VMware NMP Multipath Plugin.",
    options: [str("device", "d", "Filter the output of this command to only show a single device.")],
    run: ({ state, options }) => {
      const id = options.optional("device");
      const found = id === undefined ? disks(state) : [diskNamed(state, id)];
      return { kind: "blocks", type: "NmpDevice", blocks: found.map((disk) => deviceBlock(state, disk)) };
    },
  },
  {
    path: "storage nmp device set",
    help: "Set the Path Selection Policy (PSP) for the given device.",
    options: [
      DEVICE,
      str("psp", "P", "The Path Selection Policy to assign to the given --device."),
      { name: "default", short: "E", type: "flag", help: "Set the PSP back to the default." },
    ],
    run: ({ state, options }) => {
      const config = configOfDevice(state, diskNamed(state, options.text("device")).id);
      const psp = options.optional("psp") ?? "VMW_PSP_FIXED";
      if (!POLICIES.has(psp)) throw new CommandFailure(`Unknown path selection policy ${psp}`);
      config.psp = psp;
      return nothing;
    },
  },
  {
    path: "storage nmp psp roundrobin deviceconfig get",
    help: "Get the Round Robin configuration of a device.",
    options: [DEVICE],
    run: ({ state, options }) => {
      const config = roundRobin(state, options.text("device"));
      return {
        kind: "structure",
        type: "RoundRobinDeviceConfig",
        fields: [
          ["Byte Limit", config.rr.bytes],
          ["Device", config.id],
          ["IOOperation Limit", config.rr.iops],
          ["Latency Evaluation Interval", "0 milliseconds"],
          ["Limit Type", { default: "Default", iops: "Iops", bytes: "Bytes" }[config.rr.type]],
          ["Number Of Sampling IOs Per Path", 0],
          ["Use Active Unoptimized Paths", false],
        ],
      };
    },
  },
  {
    path: "storage nmp psp roundrobin deviceconfig set",
    help: "Set the Round Robin configuration of a device.",
    options: [
      DEVICE,
      {
        name: "iops",
        short: "I",
        type: "long",
        help: "When the --type option is set to 'iops' this is the value to assign to the I/O operation limit for this device.",
      },
      {
        name: "bytes",
        short: "B",
        type: "long",
        help: "When the --type option is set to 'bytes' this is the value to assign to the byte limit for this device.",
      },
      str(
        "type",
        "t",
        "Set the type of the Round Robin path switching that should be enabled for this device: bytes, default, iops, latency.",
      ),
    ],
    run: ({ state, options }) => {
      const config = roundRobin(state, options.text("device"));
      const type = options.optional("type") ?? config.rr.type;
      if (type !== "iops" && type !== "bytes" && type !== "default")
        throw new CommandFailure("Invalid data constraint for parameter 'type'.");
      config.rr = {
        type,
        iops: options.number("iops") ?? config.rr.iops,
        bytes: options.number("bytes") ?? config.rr.bytes,
      };
      return nothing;
    },
  },
  {
    path: "storage nmp path list",
    help: "List the paths currently controlled by the VMware NMP Multipath Plugin.",
    options: [str("device", "d", "Filter the output of this command to only show paths to a single device.")],
    run: ({ state, options }) => {
      const id = options.optional("device");
      const found = id === undefined ? disks(state) : [diskNamed(state, id)];
      return {
        kind: "blocks",
        type: "NmpPath",
        blocks: found.flatMap((disk) =>
          disk.paths.map(({ runtimeName, session, target }): Block => ({
            heading: `${state.iscsi.adapters.find(({ name }) => name === session.adapter)?.iqn ?? ""}-${session.isid},${target.iqn},t,${target.tpgt}-${disk.id}`,
            fields: [
              ["Runtime Name", runtimeName],
              ["Device", disk.id],
              ["Device Display Name", displayName(state, disk)],
              ["Group State", "active"],
              ["Array Priority", 0],
              ["Storage Array Type Path Config", "SATP VMW_SATP_DEFAULT_AA does not support path configuration."],
              [
                "Path Selection Policy Path Config",
                `PSP ${configOfDevice(state, disk.id).psp} does not support path configuration.`,
              ],
            ],
          })),
        ),
      };
    },
  },
];

function roundRobin(state: HostState, id: string) {
  const config = configOfDevice(state, diskNamed(state, id).id);
  if (config.psp !== "VMW_PSP_RR")
    throw new CommandFailure(`Device ${id} is not claimed by the path selection policy VMW_PSP_RR`);
  return config;
}

function deviceBlock(state: HostState, disk: Disk): Block {
  const { psp, rr } = configOfDevice(state, disk.id);
  const policy = rr.type === "default" ? "rr" : rr.type;
  const working = disk.paths.map(({ runtimeName }) => runtimeName).toReversed();
  return {
    heading: disk.id,
    headingIs: "Device",
    fields: [
      ["Device Display Name", displayName(state, disk)],
      ["Storage Array Type", disk.isLocal ? "VMW_SATP_LOCAL" : "VMW_SATP_DEFAULT_AA"],
      ["Storage Array Type Device Config", "{action_OnRetryErrors=off}"],
      ["Path Selection Policy", psp],
      [
        "Path Selection Policy Device Config",
        psp === "VMW_PSP_RR"
          ? `{policy=${policy},iops=${rr.iops},bytes=${rr.bytes},useANO=0; lastPathIndex=0: NumIOsPending=0,numBytesPending=0}`
          : `{preferred=${working.at(-1) ?? "none"};current=${working.at(-1) ?? "none"}}`,
      ],
      ["Path Selection Policy Device Custom Config", ""],
      ["Working Paths", disk.isLocal ? "vmhba2:C2:T0:L0" : working.join(", ")],
      ["Is USB", false],
    ],
  };
}
