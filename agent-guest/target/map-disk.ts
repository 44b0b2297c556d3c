import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import { hashOfDevice } from "@salvo/shared/agent/devices/devices.ts";
import type { Claims } from "@salvo/shared/agent/guard/claims.ts";
import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import { nodeForUse } from "@salvo/shared/agent/guard/raw-disk.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { MAP_SECTOR_BYTES } from "../provision/device-mapper.ts";
import { mustRun } from "../provision/perform.ts";
import { type MapDiskOp, SKIPPED_SECTORS } from "./op.ts";
import { rawDevice } from "./raw.ts";

export interface MapDeps {
  readonly host: string;
  readonly config: Pick<AgentConfig, "id" | "devices">;
  readonly disks: Disks;
  readonly claims: Claims;
  readonly lab: string;
}

/**
 * A claimed disk that nothing speaks against, as a disk without its first MiB. The map has it for itself from then on. Between the
 * guard's letting go and that nothing is written; if the disk is another by then, the map goes again.
 */
export async function mapDisk(op: MapDiskOp, deps: MapDeps): Promise<void> {
  const device = rawDevice(op.map, op.device, deps);
  const deviceHash = await hashOfDevice(device, deps.claims);
  const node = await nodeForUse(device, { ...deps, deviceHash });
  const table = `0 ${op.sizeBytes / MAP_SECTOR_BYTES} linear ${node.split("#")[0]} ${SKIPPED_SECTORS}`;
  // Where no udev makes the name under /dev/mapper, --verifyudev does, and takes it away.
  await mustRun("dmsetup", ["create", op.map, "--verifyudev", "--uuid", op.uuid, "--table", table]);
  const still = deps.disks.identify().some((disk) => disk.node === node);
  if (still) return;
  await mustRun("dmsetup", ["remove", op.map, "--verifyudev"]);
  throw new SalvoError("refused", `device ${op.device} was exchanged while it was mapped [stale]`, { host: deps.host });
}
