import { create } from "@bufbuild/protobuf";
import { type GuestDisk, GuestDiskSchema } from "@salvo/proto/storage_pb.ts";
import { type RunSettings, RunSettingsSchema, type RunSpec } from "@salvo/proto/run_pb.ts";
import { PatternSchema } from "@salvo/proto/workload_pb.ts";
import { isGiven } from "../domain/guests.ts";

/** The values that a study may sweep, and who attached the storage, as this run had them. */
export function settingsOf({ workload, storage }: Pick<RunSpec, "workload" | "storage">): RunSettings {
  const wanted = storage?.wanted;
  return create(RunSettingsSchema, {
    pattern: PatternSchema.value[workload?.pattern ?? 0]?.localName.toLowerCase() ?? "",
    blockSizeBytes: workload?.blockSizeBytes ?? 0n,
    jobs: workload?.jobs ?? 0,
    queueDepth: workload?.queueDepth ?? 0,
    readPercent: workload?.readPercent ?? 0,
    rateIopsPerJob: workload?.rateIopsPerJob ?? 0,
    blockSizeMix: workload?.blockSizeMix ?? "",
    distribution: workload?.distribution ?? "",
    ratePerJobBytes: workload?.ratePerJobBytes ?? 0n,
    fsyncEvery: workload?.fsyncEvery ?? 0,
    fdatasyncEvery: workload?.fdatasyncEvery ?? 0,
    thinkTimeMs: workload?.thinkTimeMs ?? 0,
    ...(workload?.compressiblePercent !== undefined && { compressiblePercent: workload.compressiblePercent }),
    ...(wanted && { luns: wanted.luns, sessions: wanted.sessions, lunQueueDepth: wanted.queueDepth }),
    ...(wanted && { attach: isGiven(wanted) ? "hypervisor" : "guest" }),
    ...(wanted && isGiven(wanted) && { disk: diskName(wanted.disk) }),
  });
}

function diskName(disk: GuestDisk): string {
  return GuestDiskSchema.value[disk]?.localName.toLowerCase() ?? "";
}
