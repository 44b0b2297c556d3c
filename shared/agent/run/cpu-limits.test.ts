import { expect, test } from "vitest";
import type { CpuLimits } from "../domain/cpu-limit.ts";
import { watchCpuLimits } from "./cpu-limits.ts";

const free: CpuLimits = { quotas: [], allowedCpus: [0, 1], onlineCpus: 2 };

function limited(periods: number, throttledPeriods: number): CpuLimits {
  const quota = { cgroup: "/bench", quotaUs: 30_000, periodUs: 100_000 };
  return { ...free, quotas: [{ ...quota, periods, throttledPeriods, throttledUs: throttledPeriods * 50_000 }] };
}

const part = { participant: "g.d1", pid: 7 };
const shown = { cgroup: "/bench", quotaUs: 30_000n, periodUs: 100_000n };
const nothing = { periods: 0n, throttledPeriods: 0n, throttledUs: 0n };

test("what a quota cost is counted from the last beginning, and told when it is over", () => {
  let now = limited(100, 10);
  const watch = watchCpuLimits(() => now);
  watch.begin([part]);
  now = limited(200, 20);
  watch.begin([part]);
  const limits = { participant: "g.d1", allowedCpus: [0, 1], onlineCpus: 2 };
  expect(watch.found()).toEqual([{ ...limits, over: false, quotas: [{ ...shown, ...nothing }] }]);
  now = limited(284, 87);
  const cost = { periods: 84n, throttledPeriods: 67n, throttledUs: 3_350_000n };
  expect(watch.over([part])).toEqual([{ ...limits, over: true, quotas: [{ ...shown, ...cost }] }]);
});

test("a quota that came in mid-run, and a cgroup that was made anew, count from their beginning", () => {
  let now = free;
  const watch = watchCpuLimits(() => now);
  watch.begin([part]);
  expect(watch.found()).toEqual([]);
  now = limited(30, 5);
  expect(watch.over([part])).toMatchObject([{ quotas: [{ periods: 30n, throttledPeriods: 5n }] }]);
  watch.begin([part]);
  now = limited(20, 4);
  expect(watch.over([part])).toMatchObject([{ quotas: [{ periods: 20n, throttledPeriods: 4n }] }]);
});

test("whoever is kept from nothing, or is gone, has no record", () => {
  const watch = watchCpuLimits((pid) => (pid === 7 ? free : undefined));
  watch.begin([part, { participant: "", pid: 8 }]);
  expect(watch.found()).toEqual([]);
  expect(watch.over([part, { participant: "", pid: 8 }])).toEqual([]);
});

test("fewer CPUs than the host has are a limit", () => {
  const watch = watchCpuLimits(() => ({ ...free, allowedCpus: [1] }));
  watch.begin([part]);
  expect(watch.found()).toMatchObject([{ participant: "g.d1", allowedCpus: [1], onlineCpus: 2, quotas: [] }]);
});
