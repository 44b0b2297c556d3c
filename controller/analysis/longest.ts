import { binRangeNs, CLAMP_BIN } from "@salvo/shared/fio/bins.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { readDocument } from "@salvo/shared/fio/document.ts";

/**
 * The longest latency of any I/O that the bins count, ns, from above. fio's own result knows the longest of its whole run to the
 * nanosecond; it bounds the window's as well, and closer than a bin does where the longest of all fell into the same bin.
 * Undefined without I/Os.
 */
export function longestNs(bins: Float64Array, fiosOwnNs: number | undefined): number | undefined {
  const bin = bins.findLastIndex((count) => count > 0);
  if (bin < 0) return undefined;
  const { leastNs, mostNs } = binRangeNs(bin);
  const most = bin === CLAMP_BIN ? (fiosOwnNs ?? leastNs) : mostNs;
  return fiosOwnNs !== undefined && fiosOwnNs >= leastNs ? Math.min(most, fiosOwnNs) : most;
}

/** The longest total latency of a fio process, ns, as its last document says; undefined when that says none. */
export function longestOfResult(json: string): number | undefined {
  try {
    const longest = readDocument(json)
      .list("jobs")
      .flatMap((job) => [job.object("read"), job.object("write")])
      .filter((direction) => direction.has("lat_ns"))
      .map((direction) => direction.object("lat_ns").count("max"))
      .reduce((most, each) => Math.max(most, each), 0);
    return longest > 0 ? longest : undefined;
  } catch (error) {
    if (toSalvoError(error).kind === "program-failed") return undefined; // damaged, or of another version: bins tell enough
    throw error;
  }
}
