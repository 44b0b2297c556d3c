import { create } from "@bufbuild/protobuf";
import { LatencyPercentilesUsSchema, type LatencyPercentilesUs } from "@salvo/proto/run_pb.ts";
import { binNs } from "@salvo/shared/fio/bins.ts";
import { Histogram, percentileNs } from "@salvo/shared/fio/latency.ts";
import { longestNs } from "./longest.ts";

/**
 * Those percentiles that the histogram supports, each with how wide its bin is; the upper edge of its highest bin; and mean and
 * standard deviation of the bins' middles.
 */
export function percentilesOf(histogram: Histogram): LatencyPercentilesUs {
  const told = PERCENTILES.flatMap(([name, p]) => {
    const found = percentileNs(histogram, p);
    return found ? [[name, found.ns / 1000] as const, [`${name}Resolution`, found.resolutionNs / 1000] as const] : [];
  });
  const mostNs = longestNs(histogram.counts, undefined);
  return create(LatencyPercentilesUsSchema, {
    ...Object.fromEntries(told),
    ...momentsOf(histogram),
    ...(mostNs !== undefined && { max: mostNs / 1000 }),
  });
}

const PERCENTILES = [
  ["p50", 0.5],
  ["p95", 0.95],
  ["p99", 0.99],
  ["p999", 0.999],
  ["p9999", 0.9999],
] as const;

/** A bin is at most 1/64 wide of what it holds, so its middle is less than 0.8 % away. */
function momentsOf(histogram: Histogram): { readonly mean?: number; readonly stddev?: number } {
  const { total } = histogram;
  if (total === 0) return {};
  let sum = 0;
  for (const [bin, count] of histogram.used()) sum += count * binNs(bin);
  const meanNs = sum / total;
  // From the mean on, not by sums of squares: those lose what little may be left between two great numbers.
  let squares = 0;
  for (const [bin, count] of histogram.used()) squares += count * (binNs(bin) - meanNs) ** 2;
  return { mean: meanNs / 1000, ...(total > 1 && { stddev: Math.sqrt(squares / (total - 1)) / 1000 }) };
}

/** `bins[i]` I/Os in fio's bin i. */
export function percentilesOfBins(bins: Float64Array): LatencyPercentilesUs {
  const histogram = new Histogram();
  for (const [bin, count] of bins.entries()) histogram.add(bin, count);
  return percentilesOf(histogram);
}
