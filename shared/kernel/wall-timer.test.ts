import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { atWallTime } from "./wall-timer.ts";

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 10, 22) }));
afterEach(() => void vi.useRealTimers());

const DAY_MS = 24 * 60 * 60 * 1000;

function acting(inMs: number) {
  const act = vi.fn<() => void>();
  return { act, timer: atWallTime(Date.now() + inMs, act) };
}

test("it acts at its time and once, also when that is farther away than Node's timers reach", () => {
  const { act } = acting(100 * DAY_MS);
  vi.advanceTimersByTime(100 * DAY_MS - 1);
  expect(act).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  vi.advanceTimersByTime(DAY_MS);
  expect(act).toHaveBeenCalledOnce();
});

test.each([0, -1, Number.NaN])("what is %d ms ahead is done at once", (inMs) => {
  expect(acting(inMs).act).toHaveBeenCalledOnce();
});

test("a clock that is set is followed within a minute", () => {
  const { act } = acting(2 * DAY_MS);
  vi.setSystemTime(Date.now() + 2 * DAY_MS);
  vi.advanceTimersByTime(60_000);
  expect(act).toHaveBeenCalledOnce();
});

test("after it was disposed of it does nothing", () => {
  const { act, timer } = acting(DAY_MS);
  vi.advanceTimersByTime(DAY_MS / 2);
  timer[Symbol.dispose]();
  vi.advanceTimersByTime(DAY_MS);
  expect(act).not.toHaveBeenCalled();
});
