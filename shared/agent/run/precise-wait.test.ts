import { getPriority } from "node:os";
import { expect, test, vi } from "vitest";
import { SalvoError } from "../../kernel/error.ts";
import { run } from "../../process/run.ts";
import { systemClock } from "../../kernel/time.ts";
import { type HostTime, linuxTime } from "../host-time.ts";
import { lateGates, waitClosely, waitPrecisely } from "./precise-wait.ts";

const MS = 1_000_000n;
const reason = new SalvoError("cancelled", "the run was ended");

test("it is never early, and what must be done just before is done before", async () => {
  const atNs = systemClock.now() + 60n * MS;
  let calledNs = 0n;
  let actedNs = 0n;
  await waitPrecisely(atNs, {
    justBefore: () => (calledNs = systemClock.now()),
    act: () => (actedNs = systemClock.now()),
  });
  expect(actedNs).toBeGreaterThanOrEqual(atNs);
  expect(calledNs).toBeGreaterThanOrEqual(atNs - 40n * MS);
  expect(calledNs).toBeLessThan(actedNs);
});

test("a preparation that takes long begins earlier, but never more than 45 ms before the instant", async () => {
  for (const justBeforeMs of [42, 400]) {
    const atNs = systemClock.now() + 120n * MS;
    let calledNs = 0n;
    await waitPrecisely(atNs, { justBefore: () => (calledNs = systemClock.now()), justBeforeMs, act() {} });
    expect(calledNs).toBeGreaterThanOrEqual(atNs - BigInt(Math.min(justBeforeMs, 45)) * MS);
  }
});

test("a look that was not in time is told of", () => {
  expect(lateGates(45)).toBeUndefined();
  expect(lateGates(79.2)).toBe(
    "its last look at devices and counters took 80 ms, and may begin only 45 ms before its gates open: they opened late",
  );
});

/** A system whose waits end only with its clock's tick, every 15.625 ms, but for those of an exact timer. */
function roughTime(exact: boolean): HostTime {
  const tickMs = 15.625;
  const block = (ms: number) => {
    const untilMs = performance.now() + ms;
    linuxTime.block(Math.ceil(untilMs / tickMs) * tickMs - performance.now());
  };
  return { ...linuxTime, loopLateMs: 17, block: exact ? linuxTime.block : block };
}

test("T0 and ticks hold on a system that rounds its waits, with a timer that it does not round, and not without", async () => {
  const lateMs = async (time: HostTime) => {
    // In the middle between two ticks of that clock.
    const untilMs = (Math.ceil(performance.now() / 15.625) + 6.5) * 15.625;
    const atNs = systemClock.now() + BigInt(Math.round((untilMs - performance.now()) * 1e6));
    let actedNs = 0n;
    await waitPrecisely(atNs, { time, justBefore() {}, act: () => (actedNs = systemClock.now()) });
    return Number(actedNs - atNs) / 1e6;
  };
  expect(await lateMs(roughTime(false))).toBeGreaterThan(5);
  await vi.waitFor(async () => expect(await lateMs(roughTime(true))).toBeLessThan(2), { timeout: 10_000 });
  const tickNs = systemClock.now() + 40n * MS;
  await waitClosely(tickNs, { time: roughTime(true) });
  expect(systemClock.now()).toBeGreaterThanOrEqual(tickNs);
});

test("an instant that is past is not waited for, and its preparation not left out", async () => {
  let called = 0;
  await waitPrecisely(systemClock.now() - MS, { justBefore: () => called++, act: () => called++ });
  expect(called).toBe(2);
  await waitClosely(systemClock.now() - MS);
});

test("nothing of the urgency is left, whatever happens at the instant", async () => {
  const before = getPriority();
  const failing = () => {
    throw reason;
  };
  const atNs = systemClock.now() + 30n * MS;
  await expect(waitPrecisely(atNs, { justBefore() {}, act: failing })).rejects.toBe(reason);
  await expect(waitPrecisely(atNs, { justBefore: failing, act() {} })).rejects.toBe(reason);
  expect(getPriority()).toBe(before);
});

test("an agent that was started with a nice value has it again afterwards", async () => {
  const module = JSON.stringify(new URL("./precise-wait.ts", import.meta.url).href);
  const script = `
    const { getPriority } = await import("node:os");
    const { waitPrecisely } = await import(${module});
    const seen = [];
    const atNs = process.hrtime.bigint() + 10_000_000n;
    await waitPrecisely(atNs, { justBefore() {}, act: () => seen.push(getPriority()) });
    console.log(JSON.stringify([...seen, getPriority()]));`;
  const ran = await run("nice", ["-n", "5", process.execPath, "--input-type=module", "--eval", script]);
  const [during, afterwards] = JSON.parse(ran.stdout);
  const given = getPriority() + 5; // nice counts from the value of this process
  expect(afterwards).toBe(given);
  expect([-20, given]).toContain(during); // without the right to it, it never changes
});

test("a close wait is never early either", async () => {
  for (const ms of [0n, 1n, 7n, 30n]) {
    const atNs = systemClock.now() + ms * MS;
    await waitClosely(atNs);
    expect(systemClock.now()).toBeGreaterThanOrEqual(atNs);
  }
});

test("the wait ends with its signal, also when that came before it and the instant is near or past", async () => {
  const stop = new AbortController();
  const far = waitPrecisely(systemClock.now() + 600_000n * MS, { justBefore() {}, act() {}, signal: stop.signal });
  stop.abort(reason);
  await expect(far).rejects.toBe(reason);
  for (const ms of [600_000n, 10n, -10n]) {
    const atNs = systemClock.now() + ms * MS;
    const justBefore = () => expect.unreachable("nothing is prepared for a run that was ended");
    await expect(waitPrecisely(atNs, { justBefore, act: justBefore, signal: stop.signal })).rejects.toBe(reason);
    await expect(waitClosely(atNs, { signal: stop.signal })).rejects.toBe(reason);
  }
});
