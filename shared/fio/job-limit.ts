import type { Workload } from "@salvo/proto/workload_pb.ts";
import { greatest } from "../kernel/extremes.ts";
import { blockSizesOf } from "./block-mix.ts";

/** The most I/Os per second of one job that its limit lets through, at its largest blocks; 0: it has no limit. */
export function jobIopsMax(workload: Workload): number {
  const { rateIopsPerJob, ratePerJobBytes, thinkTimeMs } = workload;
  if (rateIopsPerJob > 0) return rateIopsPerJob;
  if (thinkTimeMs > 0) return 1000 / thinkTimeMs;
  const largest = greatest(blockSizesOf(workload).map(Number), 1);
  return Number(ratePerJobBytes) / largest;
}
