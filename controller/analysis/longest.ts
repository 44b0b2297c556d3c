import { binRangeNs, CLAMP_BIN } from "@salvo/shared/fio/bins.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
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

/** The longest total latency of a fio process in each direction, ns, as its last document says; without those that it does not say. */
export function longestOfResult(json: string): { readonly read?: number; readonly write?: number } {
  try {
    const jobs = readDocument(json).list("jobs");
    const longest = (direction: "read" | "write") =>
      greatest(
        jobs
          .map((job) => job.object(direction))
          .filter((each) => each.has("lat_ns"))
          .map((each) => each.object("lat_ns").count("max")),
        0,
      );
    const [read, write] = [longest("read"), longest("write")];
    return { ...(read > 0 && { read }), ...(write > 0 && { write }) };
  } catch (error) {
    if (toSalvoError(error).kind === "program-failed") return {}; // damaged, or of another version: bins tell enough
    throw error;
  }
}
