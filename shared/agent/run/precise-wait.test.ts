import { getPriority } from "node:os";
import { expect, test } from "vitest";
import { SalvoError } from "../../kernel/error.ts";
import { systemClock } from "../../kernel/time.ts";
import { waitClosely, waitPrecisely } from "./precise-wait.ts";

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
  expect(calledNs).toBeGreaterThanOrEqual(atNs - 5n * MS);
  expect(calledNs).toBeLessThan(actedNs);
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
