import { create } from "@bufbuild/protobuf";
import { LatencyPercentilesUsSchema, type LatencyPercentilesUs } from "@salvo/proto/run_pb.ts";
import { Histogram, percentileNs } from "@salvo/shared/fio/latency.ts";
import { longestNs } from "./longest.ts";

/** Those percentiles that the histogram supports, each with how wide its bin is, and the upper edge of its highest bin. */
export function percentilesOf(histogram: Histogram): LatencyPercentilesUs {
  const percentiles = create(LatencyPercentilesUsSchema);
  const p50 = percentileNs(histogram, 0.5);
  const p99 = percentileNs(histogram, 0.99);
  const p999 = percentileNs(histogram, 0.999);
  const mostNs = longestNs(histogram.counts, undefined);
  return Object.assign(percentiles, {
    ...(p50 && { p50: p50.ns / 1000, p50Resolution: p50.resolutionNs / 1000 }),
    ...(p99 && { p99: p99.ns / 1000, p99Resolution: p99.resolutionNs / 1000 }),
    ...(p999 && { p999: p999.ns / 1000, p999Resolution: p999.resolutionNs / 1000 }),
    ...(mostNs !== undefined && { max: mostNs / 1000 }),
  });
}

/** `bins[i]` I/Os in fio's bin i. */
export function percentilesOfBins(bins: Float64Array): LatencyPercentilesUs {
  const histogram = new Histogram();
  for (const [bin, count] of bins.entries()) histogram.add(bin, count);
  return percentilesOf(histogram);
}
