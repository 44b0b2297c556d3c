/** What is done to an initiator's host. */
import { mapSectors } from "../provision/device-mapper.ts";
import { describePlain, type PlainOp } from "../provision/op.ts";

export type Op = PlainOp | StartDaemonOp | LunOp;

/** Starts iscsid by that program, and waits until it listens. */
export interface StartDaemonOp {
  readonly type: "start-daemon";
  readonly program: string;
  readonly args: readonly string[];
}

/** What is done with LUNs that are attached. */
export type LunOp =
  /** Waits for its disks, and refuses whatever is not what the target made. */
  | ({ readonly type: "await-lun"; readonly paths: number } & LunIdentity)
  /** One disk of all its paths. */
  | ({ readonly type: "map-paths"; readonly map: string; readonly uuid: string; readonly policy: string } & LunIdentity)
  /** As a device that runs may write to; the disk guard refuses what is not blank. path: which of its disks, counted from 0. */
  | ({ readonly type: "take-lun"; readonly device: string; readonly path: number | "map" } & LunIdentity)
  | { readonly type: "forget-lun"; readonly device: string };

/** By what it is known, before there is anything of it. */
export interface LunIdentity {
  readonly target: string;
  readonly lun: number;
  readonly wwn: string;
  readonly serial: string;
  readonly sizeBytes: bigint;
}

export function isLunOp(op: Op): op is LunOp {
  return op.type === "await-lun" || op.type === "map-paths" || op.type === "take-lun" || op.type === "forget-lun";
}

export function describe(op: Op): string {
  if (isLunOp(op)) return describeLun(op);
  if (op.type !== "start-daemon") return describePlain(op);
  return `${[op.program, ...op.args].join(" ")} # and wait until iscsid listens`;
}

function describeLun(op: LunOp): string {
  switch (op.type) {
    case "await-lun":
      return `# wait for ${op.paths === 1 ? "the disk" : `${op.paths} disks`} of ${described(op)}, and for nothing else`;
    case "map-paths":
      return `dmsetup create ${op.map} --uuid ${op.uuid} --table '0 ${mapSectors(op.sizeBytes)} multipath 0 0 1 1 ${op.policy} 0 ...' # of all disks of ${described(op)}`;
    case "take-lun": {
      const which = op.path === "map" ? "the map" : `disk ${op.path + 1}`;
      return `# take ${which} of ${described(op)} as the device ${op.device}, if the disk guard finds it blank`;
    }
    case "forget-lun":
      return `# forget the device ${op.device}`;
  }
}

function described({ target, lun, wwn, sizeBytes }: LunIdentity): string {
  return `LUN ${lun} of ${target} (${wwn}, ${sizeBytes} B)`;
}
