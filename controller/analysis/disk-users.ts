import type { RunSpec } from "@salvo/proto/run_pb.ts";
import type { Measured } from "./measured.ts";
import type { AgentOutline } from "./outline.ts";
import type { DiskUser } from "./shared-disks.ts";

/** What fio and the disk of each participant say that was moved in the window. */
export function diskUsers(spec: RunSpec, measured: Measured, outlines: readonly AgentOutline[]): DiskUser[] {
  const diskOf = new Map(outlines.flatMap(({ disks }) => [...disks]));
  return spec.participants.map(({ id, agent, device }) => ({
    participant: id,
    agent,
    device,
    disk: diskOf.get(id) ?? "",
    fioBytes: measured.bytesOf(id),
    diskBytes: measured.diskBytesOf(id),
  }));
}
