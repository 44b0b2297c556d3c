import { expect, test } from "vitest";
import { exampleRun } from "./example.ts";
import { ratesByParticipant, totalRate } from "./rates.ts";

test("a tick without I/O is a rate of 0, and a tick without an answer is unknown", () => {
  const rates = ratesByParticipant(exampleRun({ idleTick: 9, stalledTick: 14 }));
  expect(rates.get("g1.disk")?.[8]).toMatchObject({ tick: 9, iops: 0, bytesPerSec: 0 });
  expect(rates.get("g2.disk")?.[13]).toMatchObject({ tick: 14, iops: undefined, bytesPerSec: undefined });
});

test("what was counted after a stall is spread over the whole time since the last answer", () => {
  const rates = ratesByParticipant(exampleRun({ stalledTick: 14, iops: 1000 })).get("g2.disk") ?? [];
  expect(rates[14]?.iops).toBeGreaterThan(800);
  expect(rates[14]?.iops).toBeLessThan(1200);
});

test("the total is the sum of those that answered", () => {
  const rates = [...ratesByParticipant(exampleRun({ stalledTick: 14 })).values()];
  const others = rates.map((rates) => rates[13]?.iops ?? 0).reduce((sum, iops) => sum + iops, 0);
  expect(totalRate(rates)[13]?.iops).toBeCloseTo(others, 6);
  expect(totalRate(rates).map(({ tick }) => tick)).toEqual(Array.from({ length: 22 }, (_, index) => index + 1));
});

test("a rate is over the time that the counts are of, not from question to question", () => {
  const run = exampleRun({ iops: 1000 });
  const samples = run.samples.map((row) =>
    row.participant === "g2.disk" && row.tick === 14
      ? { ...row, countedNs: row.tNs + 500_000_000n, read: { ...row.read, ios: 1500 }, write: { ...row.write, ios: 0 } }
      : row,
  );
  const rate = ratesByParticipant({ ...run, samples }).get("g2.disk")?.[13];
  expect(rate?.iops).toBeGreaterThan(998);
  expect(rate?.iops).toBeLessThan(1002);
  expect(rate?.at).toBeCloseTo(14.5, 2);
});
