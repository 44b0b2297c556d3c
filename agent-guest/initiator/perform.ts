/** What is done with LUNs that are attached. */
import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { DeviceSchema } from "@salvo/proto/lab_pb.ts";
import type { DiskIdentity } from "@salvo/shared/agent/domain/guard/facts.ts";
import { isSameLun } from "@salvo/shared/agent/domain/guard/identity.ts";
import type { LunOwners } from "@salvo/shared/agent/domain/guard/judge.ts";
import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import { takeLun } from "@salvo/shared/agent/guard/fresh-disk.ts";
import type { FreshLuns } from "@salvo/shared/agent/guard/fresh-luns.ts";
import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import { MAP_SECTOR_BYTES } from "../provision/device-mapper.ts";
import { mustRun } from "../provision/perform.ts";
import { disksOf } from "./luns.ts";
import type { LunIdentity, LunOp } from "./op.ts";

export interface LunDeps {
  /** The agent. */
  readonly host: string;
  readonly lab: string;
  readonly disks: Disks;
  readonly freshLuns: FreshLuns;
  readonly owners: LunOwners;
}

/** The kernel finds disks a while after the login. */
const AWAIT_MS = 30_000;
const LOOK_MS = 100;

export async function performLun(op: LunOp, deps: LunDeps): Promise<void> {
  switch (op.type) {
    case "await-lun":
      return awaitLun(op, op.paths, deps.disks);
    case "map-paths": {
      const paths = disksOf(op, deps.disks.identify());
      return mustRun("dmsetup", ["create", op.map, "--uuid", op.uuid, "--table", tableOf(paths, op.policy)]);
    }
    case "take-lun":
      return take(op, deps);
    case "forget-lun":
      return deps.freshLuns.remove(op.device);
    default:
      return unreachable(op);
  }
}

/** Throws `refused` for a disk at that place that is another, and `timeout` naming how many there are. */
async function awaitLun(lun: LunIdentity, paths: number, { identify }: Pick<Disks, "identify">): Promise<void> {
  const what = `LUN ${lun.lun} of ${lun.target}`;
  using signal = deadline(AWAIT_MS, `waiting for ${paths} disks of ${what}`);
  for (;;) {
    const found = disksOf(lun, identify());
    const wrong = found.map((disk) => differs(disk, lun)).find((each) => each !== undefined);
    if (wrong !== undefined)
      throw new SalvoError("refused", `${what} is not what the target reported: ${wrong}`, {
        remedy: "Another target may have the same name or address: look at the portal with iscsiadm or nvme discover",
      });
    if (found.length > paths) throw new SalvoError("wrong-state", `${what} has ${found.length} disks, not ${paths}`);
    if (found.length === paths && found.every(({ sizeBytes }) => "value" in sizeBytes && sizeBytes.value > 0n)) return;
    await sleep(LOOK_MS, { signal });
  }
}

/** undefined while it is not known yet, too: a disk that has just come tells its size a little later. */
function differs(disk: DiskIdentity, { wwn, serial, sizeBytes }: LunIdentity): string | undefined {
  const { path } = disk;
  if ("value" in disk.wwn && disk.wwn.value !== "" && disk.wwn.value !== wwn)
    return `${path} is ${disk.wwn.value}, not ${wwn}`;
  if (serial !== "" && "value" in disk.serial && disk.serial.value !== "" && disk.serial.value !== serial)
    return `${path} has the serial number ${disk.serial.value}, not ${serial}`;
  const bytes = "value" in disk.sizeBytes ? disk.sizeBytes.value : 0n;
  return bytes > 0n && sizeBytes > 0n && bytes !== sizeBytes ? `${path} has ${bytes} B, not ${sizeBytes} B` : undefined;
}

/** Of the device mapper's multipath target (Documentation/admin-guide/device-mapper/dm-queue-length.rst and its like). */
export function tableOf(paths: readonly DiskIdentity[], policy: string): string {
  const [first] = paths;
  const sizeBytes = first && "value" in first.sizeBytes ? first.sizeBytes.value : 0n;
  const each = paths.map(({ node }) => `${node.split("#")[0]} 1`).join(" ");
  return `0 ${sizeBytes / MAP_SECTOR_BYTES} multipath 0 0 1 1 ${policy} 0 ${paths.length} 1 ${each}`;
}

async function take(op: LunOp & { type: "take-lun" }, deps: LunDeps): Promise<void> {
  const { device: name, path, target, lun, wwn, serial, sizeBytes } = op;
  const all = deps.disks.identify();
  const paths = disksOf(op, all);
  const [first] = paths;
  const disk =
    path === "map" ? all.find((each) => each.paths && first !== undefined && isSameLun(each, first)) : paths[path];
  if (!disk) throw new SalvoError("not-found", `LUN ${lun} of ${target} has no such disk here`, { host: deps.host });
  const device = create(DeviceSchema, { name, sizeBytes, disk: { serial, wwn, iqn: target, lun } });
  await takeLun(device, disk, { lab: deps.lab, uuid: randomUUID() }, deps);
}
