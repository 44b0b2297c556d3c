/** The namespace `storage`: adapters, devices, paths, file systems; round robin is in nmp.ts. Sources: captures of 5.5 to 9.0. */
import { CommandFailure } from "../failure.ts";
import { type Block, type Field, nothing, table } from "../format/output.ts";
import type { HostState } from "../state/state.ts";
import { adapterNamed } from "../world/adapters.ts";
import {
  configOfDevice,
  type Disk,
  diskNamed,
  disks,
  displayName,
  driverQueueDepth,
  vmlOf,
  volumes,
} from "../world/devices.ts";
import { type Path, rescan } from "../world/fabric.ts";
import { type Command, requiredStr, str } from "./command.ts";
import { nmpCommands } from "./nmp.ts";
import { deviceSetCommands } from "./device-set.ts";

const MIB = 1_048_576;

export const storageCommands: readonly Command[] = [
  {
    path: "storage core adapter list",
    help: "List all the SCSI Host Bus Adapters on the system.",
    options: [],
    run: ({ state }) =>
      table(
        "Adapter",
        ["HBA Name", "Driver", "Link State", "UID", "Capabilities", "Description"],
        [
          ...state.storage.localDisks.map(({ adapter }) => [
            adapter,
            "lsi_mr3",
            "link-n/a",
            `sas.${adapter}`,
            "",
            "(0000:03:00.0) Broadcom MegaRAID SAS Thunderbolt PERC H710",
          ]),
          ...state.iscsi.adapters.map(({ name, driver, iqn, description }) => [
            name,
            driver,
            driver === "iser" ? "link-up" : "online",
            iqn,
            "Second Level Lun ID",
            description,
          ]),
        ],
      ),
  },
  {
    path: "storage core adapter rescan",
    help: "Option to rescan or search through adapter attached storage devices.",
    options: [
      str("adapter", "A", "Specifies the adapter to rescan."),
      {
        name: "all",
        short: "a",
        type: "flag",
        help: "Indicates the rescan operation should be performed on all adapters.",
      },
      str("type", "t", "Specify the type of rescan to perform: add, delete, update, all."),
    ],
    run: ({ state, options, nowMs }) => {
      const name = options.optional("adapter");
      if (name === undefined && !options.has("all"))
        throw new CommandFailure("One of --adapter or --all must be specified.");
      const isLocal = state.storage.localDisks.some(({ adapter }) => adapter === name);
      rescan(state, name === undefined ? state.iscsi.adapters : isLocal ? [] : [adapterNamed(state, name)], nowMs);
      return nothing;
    },
  },
  {
    path: "storage core device list",
    help: "List the devices currently registered with the PSA.",
    options: [str("device", "d", "Filter the output of this command to only show a single device.")],
    run: ({ state, options }) => {
      const id = options.optional("device");
      const found = id === undefined ? disks(state) : [diskNamed(state, id)];
      return {
        kind: "blocks",
        type: "ScsiDevice",
        blocks: found.map((disk) => ({ heading: disk.id, headingIs: "Device", fields: deviceFields(state, disk) })),
      };
    },
  },
  {
    path: "storage core path list",
    help: "List all the SCSI paths on the system.",
    options: [
      str("device", "d", "Limit the output to paths to a specific device."),
      str(
        "path",
        "p",
        "Limit the output to a specific path. This name can be either the UID or the runtime name of the path.",
      ),
    ],
    run: ({ state, options }) => {
      const id = options.optional("device");
      const found = id === undefined ? disks(state) : [diskNamed(state, id)];
      const blocks = found.flatMap((disk) => disk.paths.map((path) => pathBlock(state, disk, path)));
      const wanted = options.optional("path");
      return {
        kind: "blocks",
        type: "ScsiPath",
        blocks:
          wanted === undefined
            ? blocks
            : blocks.filter(({ heading, fields }) => heading === `${wanted}:` || fields[1]?.[1] === wanted),
      };
    },
  },
  {
    path: "storage filesystem list",
    help: "List the volumes available to the host.",
    options: [],
    run: ({ state }) =>
      table(
        "FilesystemVolume",
        ["Mount Point", "Volume Name", "UUID", "Mounted", "Type", "Size", "Free"],
        volumes(state).map(({ volume, disk }) => [
          volume.mounted ? `/vmfs/volumes/${volume.uuid}` : "",
          volume.label,
          volume.uuid,
          volume.mounted,
          volume.mounted ? volume.type : "VMFS-unknown version",
          volume.mounted ? disk.sizeBytes : 0,
          volume.mounted ? disk.sizeBytes - 1024 * MIB : 0,
        ]),
      ),
  },
  ...(["mount", "unmount"] as const).map((word): Command => ({
    path: `storage filesystem ${word}`,
    help:
      word === "mount"
        ? "Connect to and mount an unmounted volume on the host."
        : "Disconnect and unmount and existing volume on the host.",
    options: [str("volume-label", "l", "The label of the volume."), str("volume-uuid", "u", "The uuid of the volume.")],
    run: ({ state, options }) => {
      const [label, uuid] = [options.optional("volume-label"), options.optional("volume-uuid")];
      const found = volumes(state).find(({ volume }) => volume.label === label || volume.uuid === uuid);
      if (found === undefined)
        throw new CommandFailure(`No volume found with ${label === undefined ? `uuid ${uuid}` : `label ${label}`}`);
      if (word === "unmount" && state.vms.some((vm) => vm.power === "on" && vm.datastore === found.volume.label))
        throw new CommandFailure(`Volume '${found.volume.label}' cannot be unmounted. Reason: Busy`);
      found.volume.mounted = word === "mount";
      return nothing;
    },
  })),
  {
    path: "storage vmfs extent list",
    help: "List the VMFS extents available on the host.",
    options: [],
    run: ({ state }) =>
      table(
        "VmfsExtent",
        ["Volume Name", "VMFS UUID", "Extent Number", "Device Name", "Partition"],
        volumes(state).map(({ volume, disk }) => [volume.label, volume.uuid, 0, disk.id, volume.partition]),
      ),
  },
  {
    path: "storage core claimrule list",
    help: "List all the claimrules on the system.",
    options: [
      requiredStr(
        "claimrule-class",
        "c",
        "Indicate the claim rule class to use in this operation [MP, Filter, VAAI, all].",
      ),
    ],
    run: () =>
      table(
        "ClaimRule",
        ["Rule Class", "Rule", "Class", "Type", "Plugin", "Matches"],
        [["MP", 65_535, "runtime", "vendor", "NMP", "vendor=* model=*"]],
      ),
  },
  ...deviceSetCommands,
  ...nmpCommands,
];

function deviceFields(state: HostState, disk: Disk): Field[] {
  const config = configOfDevice(state, disk.id);
  const working = disk.isLocal || disk.paths.length > 0;
  const isRdmCapable = !disk.isLocal && !disk.id.startsWith("mpx.");
  return [
    ["Display Name", displayName(state, disk)],
    ["Has Settable Display Name", true],
    ["Size", Math.floor(disk.sizeBytes / MIB)],
    ["Device Type", "Direct-Access "],
    ["Multipath Plugin", "NMP"],
    ["Devfs Path", `/vmfs/devices/disks/${disk.id}`],
    ["Vendor", disk.vendor.padEnd(8)],
    ["Model", disk.model.padEnd(16)],
    ["Revision", disk.revision.padEnd(4)],
    ["SCSI Level", 6],
    ["Is Pseudo", false],
    [
      "Status",
      config.state === "off" ? "off" : !working ? "dead timeout" : disk.paths.length === 1 ? "degraded" : "on",
    ],
    ["Is RDM Capable", isRdmCapable],
    ["Is Local", disk.isLocal],
    ["Is Removable", false],
    ["Is SSD", false],
    ["Is VVOL PE", false],
    ["Is Offline", false],
    ["Is Perennially Reserved", config.perenniallyReserved],
    ["Queue Full Sample Size", config.queueFullSampleSize],
    ["Queue Full Threshold", config.queueFullThreshold],
    ["Thin Provisioning Status", disk.isLocal ? "unknown" : "yes"],
    ["Attached Filters", ""],
    ["VAAI Status", disk.isLocal ? "unsupported" : "supported"],
    ["Other UIDs", vmlOf(disk.id)],
    ["Is Shared Clusterwide", !disk.isLocal],
    ["Is SAS", disk.isLocal],
    ["Is USB", false],
    ["Is Boot Device", disk.isLocal],
    ["Device Max Queue Depth", config.maxQueueDepth ?? driverQueueDepth(state, disk)],
    ["No of outstanding IOs with competing worlds", config.competing],
    ["Drive Type", "unknown"],
    ["RAID Level", "unknown"],
    ["Number of Physical Drives", "unknown"],
    ["Protection Enabled", false],
    ["PI Activated", false],
    ["PI Type", 0],
    ["PI Protection Mask", "NO PROTECTION"],
    ["Supported Guard Types", "NO GUARD SUPPORT"],
    ["DIX Enabled", false],
    ["DIX Guard Type", "NO GUARD SUPPORT"],
    ["Emulated DIX/DIF Enabled", false],
  ];
}

function pathBlock(state: HostState, disk: Disk, { adapter, session, target, lun, runtimeName }: Path): Block {
  const iqn = state.iscsi.adapters.find(({ name }) => name === adapter)?.iqn ?? "";
  const portalGroup = `t,${target.tpgt}`;
  const uid = `${iqn}-${session.isid},${target.iqn},${portalGroup}-${disk.id}`;
  return {
    heading: `${uid}:`,
    fields: [
      ["UID", uid],
      ["Runtime Name", runtimeName],
      ["Device", disk.id],
      ["Device Display Name", displayName(state, disk)],
      ["Adapter", adapter],
      ["Channel", session.channel],
      ["Target", session.targetNumber],
      ["LUN", lun.lun],
      ["Plugin", "NMP"],
      ["State", "active"],
      ["Transport", "iscsi"],
      ["Adapter Identifier", iqn],
      ["Target Identifier", `${session.isid},${target.iqn},${portalGroup}`],
      ["Adapter Transport Details", iqn],
      ["Target Transport Details", `IQN=${target.iqn} Alias= Session=${session.isid} PortalTag=${target.tpgt}`],
      ["Maximum IO Size", 131_072],
    ],
  };
}
