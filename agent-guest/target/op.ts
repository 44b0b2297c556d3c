/** What is done to a target's host. */
import { RESERVED_BYTES } from "@salvo/shared/agent/domain/guard/label.ts";
import { MAP_SECTOR_BYTES, mapSectors } from "../provision/device-mapper.ts";
import { describePlain, type PlainOp } from "../provision/op.ts";

export type Op = PlainOp | MapDiskOp;

/** A raw disk of the agent's own file, which the disk guard must let pass, as a disk of its own without its first MiB. */
export interface MapDiskOp {
  readonly type: "map-disk";
  readonly device: string;
  readonly map: string;
  readonly uuid: string;
  readonly sizeBytes: bigint;
}

/** Where Salvo's label is. */
export const SKIPPED_SECTORS = RESERVED_BYTES / MAP_SECTOR_BYTES;

export function describe(op: Op): string {
  if (op.type !== "map-disk") return describePlain(op);
  const table = `0 ${mapSectors(op.sizeBytes)} linear NUMBER ${SKIPPED_SECTORS}`;
  const command = `dmsetup create ${op.map} --verifyudev --uuid ${op.uuid} --table '${table}'`;
  return `${command} # NUMBER: of ${op.device}, if the disk guard lets it pass`;
}
