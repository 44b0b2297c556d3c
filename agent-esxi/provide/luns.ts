/** LUNs behind sessions: known by target and number, and by the name that the host gives the device (naa., eui., t10., uuid.). */
import { type Attachment, type ExpectedLun, Multipath } from "@salvo/proto/storage_pb.ts";
import type { Facts } from "./facts.ts";
import { esxcli, type Op } from "./op.ts";
import { loginId, readSessions } from "./logins.ts";
import type { AdapterRef } from "./adapters.ts";
import type { Found, Piece, Setting } from "./piece.ts";

const MIB = 1024n * 1024n;
const ROUND_ROBIN = "VMW_PSP_RR";
/** KB 2069356: each path in turn for each command. */
const IOPS = 1;

export interface Path {
  readonly target: string;
  readonly number: number;
  readonly device: string;
  readonly isid: string;
  readonly adapter: string;
  /** active, dead, standby, off */
  readonly state: string;
}

/** Paths of iSCSI name the target and the session; those of other storage are left out. */
export async function readPaths(facts: Facts): Promise<Path[]> {
  const paths = await facts.list("storage core path list");
  return paths.flatMap((path) => {
    const details = path.textIfAny("Target Transport Details");
    const target = /\bIQN=(\S+)/.exec(details)?.[1];
    if (target === undefined) return [];
    return [
      {
        target,
        number: path.number("LUN"),
        device: path.text("Device"),
        isid: /\bSession=(\S+)/.exec(details)?.[1] ?? "",
        adapter: path.text("Adapter"),
        state: path.text("State"),
      },
    ];
  });
}

/** By device: size, depth and path policy, as the host shows them. */
export interface DeviceFacts {
  readonly sizeBytes: bigint;
  /** Empty where the version does not show it. */
  readonly queueDepth: string;
  readonly policy: string;
  /** Commands of a virtual machine when others use the device as well (DSNRO); empty where the version does not show it. */
  readonly outstanding: string;
  readonly queueFullSampleSize: string;
  readonly queueFullThreshold: string;
}

export async function readDevices(facts: Facts): Promise<Map<string, DeviceFacts>> {
  const devices = await facts.list("storage core device list");
  const policies = new Map(
    (await facts.list("storage nmp device list")).map((each) => [
      each.title || each.text("Device"),
      shownPolicy(each.text("Path Selection Policy"), each.textIfAny("Path Selection Policy Device Config")),
    ]),
  );
  return new Map(
    devices.map((each) => {
      const name = each.title || each.text("Device");
      const sizeBytes = BigInt(each.number("Size")) * MIB;
      return [
        name,
        {
          sizeBytes,
          queueDepth: each.textIfAny("Device Max Queue Depth"),
          policy: policies.get(name) ?? "",
          // Devices of NVMe have another name for it.
          outstanding: each.textIfAny("No of outstanding IOs with competing worlds", "IOs with competing worlds"),
          queueFullSampleSize: each.textIfAny("Queue Full Sample Size"),
          queueFullThreshold: each.textIfAny("Queue Full Threshold"),
        },
      ];
    }),
  );
}

/** {policy=iops,iops=1,...}: round robin by the number of commands. */
function shownPolicy(policy: string, config: string): string {
  const iops = /\biops=(\d+)/.exec(config)?.[1];
  return policy === ROUND_ROBIN && iops !== undefined ? `${policy} iops=${iops}` : policy;
}

export const lunId = (target: string, number: number) => `lun ${target} ${number}`;

export function wantedLun(
  attachment: Attachment,
  { number, wwn, sizeBytes }: ExpectedLun,
  ref: AdapterRef,
  paths: number,
): Piece {
  const { target } = attachment;
  const settings = wantedSettings(attachment, wwn, paths);
  const lun = { target, number, device: wwn, sizeBytes, paths };
  return {
    ...lunPiece(lun),
    needs: [loginId(ref, target)],
    settings,
    make: [{ type: "await-lun", ...lun }, ...Object.values(settings).flatMap(({ ops }) => ops)],
  };
}

export async function foundLuns(
  facts: Facts,
  expected: readonly { target: string; number: number; sizeBytes: bigint }[] = [],
): Promise<Found[]> {
  const devices = await readDevices(facts);
  const sessions = await readSessions(facts);
  const groups = Map.groupBy(await readPaths(facts), ({ target, number }) => lunId(target, number));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { target, number, device } = first;
    const known = devices.get(device);
    const same = group.every((path) => path.device === device);
    const wish = expected.find((each) => each.target === target && each.number === number);
    // A size that nobody expects is as it is.
    const sizeBytes = wish?.sizeBytes === 0n ? 0n : (known?.sizeBytes ?? 0n);
    const refs = new Set(sessions.filter((each) => each.target === target).map(({ ref }) => ref));
    const down = group.filter(({ state }) => state !== "active");
    return [
      {
        ...lunPiece({ target, number, device: same ? device : "several", sizeBytes, paths: group.length }),
        needs: [...refs].map((ref) => loginId(ref, target)),
        settings: known ? foundSettings(device, known) : {},
        make: [],
        ...(down.length > 0 && { problem: `${down.length} of ${group.length} paths are ${down[0]?.state}` }),
      },
    ];
  });
}

interface Lun {
  readonly target: string;
  readonly number: number;
  readonly device: string;
  readonly sizeBytes: bigint;
  readonly paths: number;
}

function lunPiece({ target, number, device, sizeBytes, paths }: Lun) {
  return {
    id: lunId(target, number),
    kind: "lun",
    text: `LUN ${number} of ${target}: ${device}${sizeBytes === 0n ? "" : `, ${sizeBytes} B`}, ${paths} paths`,
    facts: { device, bytes: String(sizeBytes), paths: String(paths) },
    remove: [],
    follows: true,
  } as const;
}

function wantedSettings({ multipath, queueDepth }: Attachment, device: string, paths: number) {
  const settings: Record<string, Setting> = {};
  if (paths > 1 && multipath === Multipath.ROUND_ROBIN)
    settings["policy"] = policySetting(device, `${ROUND_ROBIN} iops=${IOPS}`);
  if (queueDepth > 0) settings["queueDepth"] = depthSetting(device, String(queueDepth));
  return settings;
}

function foundSettings(device: string, { policy, queueDepth }: DeviceFacts): Record<string, Setting> {
  return { policy: policySetting(device, policy), queueDepth: depthSetting(device, queueDepth) };
}

function policySetting(device: string, value: string): Setting {
  const [psp = "", iops] = value.split(" iops=");
  const nmp = ["storage", "nmp"];
  return {
    value,
    ops: [
      esxcli(...nmp, "device", "set", `--psp=${psp}`, `--device=${device}`),
      ...(iops === undefined
        ? []
        : [
            esxcli(
              ...nmp,
              "psp",
              "roundrobin",
              "deviceconfig",
              "set",
              "--type=iops",
              `--iops=${iops}`,
              `--device=${device}`,
            ),
          ]),
      { type: "confirm-device", device, setting: "policy", value },
    ],
  };
}

function depthSetting(device: string, value: string): Setting {
  const set: Op = esxcli("storage", "core", "device", "set", "-d", device, "-m", value);
  return { value, ops: [set, { type: "confirm-device", device, setting: "queueDepth", value }] };
}
