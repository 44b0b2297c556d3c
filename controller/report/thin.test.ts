import { expect, test } from "vitest";
import { exampleRun } from "./example.ts";
import { mergedLatency, samplesInWindow } from "./latency.ts";
import type { ReportRun } from "./run.ts";
import { thinLatencies } from "./thin.ts";

async function thinned(run: ReportRun): Promise<ReportRun> {
  const source = (async function* () {
    yield* run.samples.toSorted((a, b) => a.tick - b.tick);
  })();
  return { ...run, samples: await Array.fromAsync(thinLatencies(source, run.manifest)) };
}

test("of a long run every counter stays, histograms become few, and those of the window add up to the same", async () => {
  const run = exampleRun({ agents: 1, ticks: 4100, iops: 30 });
  // Between two ticks that would be merged, were it not for the window.
  run.manifest.summary!.window!.firstTick = 3;
  const thin = await thinned(run);
  const counters = ({ samples }: ReportRun) =>
    samples.map(({ participant, tick, read, write }) => `${participant} ${tick} ${read.ios} ${write.bytes}`);
  expect(counters(thin).toSorted()).toEqual(counters(run).toSorted());
  expect(thin.samples.filter(({ read }) => read.bins.length > 0).length).toBeLessThan(run.samples.length * 0.6);
  const before = mergedLatency(samplesInWindow(run), ["read", "write"]);
  const after = mergedLatency(samplesInWindow(thin), ["read", "write"]);
  expect([...after.used()]).toEqual([...before.used()]);
});

test("a short run is left as it is", async () => {
  const run = exampleRun({ agents: 1 });
  expect((await thinned(run)).samples).toEqual(run.samples);
});
