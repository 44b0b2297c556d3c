import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BIN_COUNT, binNs, binOf, CLAMP_BIN } from "./bins.ts";
import { parseDump } from "./dump.ts";
import { RECORDED_RUNS, recordedDocuments } from "./fixtures/recorded.ts";
import { addLatency, Histogram, percentileNs, toLatency } from "./latency.ts";

const entries = fc.array(fc.tuple(fc.nat(BIN_COUNT - 1), fc.integer({ min: 1, max: 1e6 })), { maxLength: 40 });

function histogramOf(...lists: (readonly (readonly [bin: number, count: number])[])[]): Histogram {
  const histogram = new Histogram();
  for (const [bin, count] of lists.flat()) histogram.add(bin, count);
  return histogram;
}

function merged(...histograms: Histogram[]): Histogram {
  const sum = new Histogram();
  for (const histogram of histograms) sum.merge(histogram);
  return sum;
}

test.for(RECORDED_RUNS)("every percentile that fio printed for %s is ours, or has too few I/Os beyond it", (name) => {
  const text = recordedDocuments(name).at(-1) ?? "";
  const final = parseDump(text);
  let compared = 0;
  for (const direction of ["read", "write"] as const) {
    const { latency } = final[direction];
    const printed: Record<string, number> = JSON.parse(text).jobs[0][direction].lat_ns.percentile ?? {};
    for (const [percent, ns] of Object.entries(printed)) {
      const ours = percentileNs(latency, Number(percent) / 100);
      const beyond = latency.total * (1 - Number(percent) / 100);
      expect(ours?.ns, `p${percent} of ${direction}`).toBe(beyond < 10 ? undefined : ns);
      if (ours) compared++;
    }
  }
  expect(compared).toBeGreaterThanOrEqual(14);
});

test("merging is associative and commutative and loses nothing", () => {
  fc.assert(
    fc.property(entries, entries, entries, (one, two, three) => {
      const [a, b, c] = [histogramOf(one), histogramOf(two), histogramOf(three)];
      const all = histogramOf(one, two, three);
      expect(merged(merged(a, b), c)).toEqual(all);
      expect(merged(a, merged(b, c))).toEqual(all);
      expect(merged(c, b, a)).toEqual(all);
      expect(all.total).toBe([...one, ...two, ...three].reduce((sum, [, count]) => sum + count, 0));
    }),
  );
});

test("taking away what was merged gives what was there before", () => {
  fc.assert(
    fc.property(entries, entries, (one, two) => {
      const histogram = histogramOf(one, two);
      histogram.subtract(histogramOf(two));
      expect(histogram).toEqual(histogramOf(one));
      expect(histogram.total).toBe(histogramOf(one).total);
    }),
  );
});

test("taking away more than there is is a bug", () => {
  expect(() => histogramOf([[7, 1]]).subtract(histogramOf([[7, 2]]))).toThrow("bug: bin 7 cannot go from 1 by -2");
});

test("a histogram survives the wire, which carries only the bins in use, ascending", () => {
  fc.assert(
    fc.property(entries, (list) => {
      const histogram = histogramOf(list);
      const message = toLatency(histogram);
      expect(message.bins).toEqual([...new Set(list.map(([bin]) => bin))].sort((a, b) => a - b));
      const received = new Histogram();
      addLatency(received, message);
      expect(received).toEqual(histogram);
    }),
  );
});

test("a greater share never has a smaller latency, and the share lies within it", () => {
  const share = fc.double({ min: 0.001, max: 0.999, noNaN: true });
  fc.assert(
    fc.property(entries, share, share, (list, one, two) => {
      const histogram = histogramOf(list, [[100, 10_000]]);
      const [low, high] = one < two ? [one, two] : [two, one];
      const [lowNs, highNs] = [percentileNs(histogram, low)?.ns ?? 0, percentileNs(histogram, high)?.ns ?? Infinity];
      expect(lowNs).toBeLessThanOrEqual(highNs);
      const within = list.filter(([bin]) => binNs(bin) <= lowNs).reduce((sum, [, count]) => sum + count, 0);
      expect(within + (lowNs >= binNs(100) ? 10_000 : 0)).toBeGreaterThanOrEqual(low * histogram.total * (1 - 1e-12));
    }),
  );
});

test("a percentile needs ten I/Os beyond it", () => {
  expect(percentileNs(histogramOf([[50, 999]]), 0.99)).toBeUndefined();
  expect(percentileNs(histogramOf([[50, 1000]]), 0.99)).toEqual({ ns: 50, resolutionNs: 1, clamped: false });
  expect(percentileNs(histogramOf([[50, 99]]), 0.9)).toBeUndefined();
  expect(percentileNs(histogramOf([[50, 100]]), 0.9)).toBeDefined();
  // 10000 - (99.9 / 100) * 10000 comes out a hair below 10.
  expect(percentileNs(histogramOf([[50, 10_000]]), 99.9 / 100)).toBeDefined();
  expect(percentileNs(new Histogram(), 0.5)).toBeUndefined();
});

test("a percentile in the last bin says that the truth may be anything above", () => {
  const histogram = histogramOf([
    [binOf(1e6), 1000],
    [CLAMP_BIN, 100],
  ]);
  expect(percentileNs(histogram, 0.5)).toMatchObject({ clamped: false, resolutionNs: 8192 });
  expect(percentileNs(histogram, 0.95)).toMatchObject({ ns: 17_112_760_320, clamped: true });
});
