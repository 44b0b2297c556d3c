import { expect, test, vi } from "vitest";
import { SalvoError } from "./error.ts";
import { deadline, sleep, unlessAborted } from "./signal.ts";

test("a deadline aborts with the error to be thrown, which names what took too long", async () => {
  const signal = deadline(1, "arming guest1");
  const never = new Promise<never>(() => {});
  await expect(unlessAborted(never, signal)).rejects.toMatchObject({
    kind: "timeout",
    message: "arming guest1 took longer than 1 ms",
  });
});

test("a deadline leaves no timer behind: not when it is disposed of, and not when another reason came first", () => {
  vi.useFakeTimers();
  try {
    const stop = new AbortController();
    {
      using one = deadline(60_000, "waiting", stop.signal);
      const other = deadline(60_000, "waiting", stop.signal);
      expect(vi.getTimerCount()).toBe(2);
      stop.abort();
      expect([one.aborted, other.aborted]).toEqual([true, true]);
      expect(vi.getTimerCount()).toBe(0);
      deadline(60_000, "waiting", stop.signal);
      expect(vi.getTimerCount()).toBe(0);
    }
    const kept = deadline(60_000, "waiting", new AbortController().signal);
    expect(vi.getTimerCount()).toBe(1);
    kept[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(120_000);
    expect(kept.aborted).toBe(false);
  } finally {
    vi.useRealTimers();
  }
});

test("the first reason wins over the deadline", async () => {
  const stop = new AbortController();
  const signal = deadline(60_000, "arming", stop.signal);
  stop.abort(new SalvoError("cancelled", "Ctrl-C"));
  await expect(sleep(60_000, { signal })).rejects.toMatchObject({ kind: "cancelled", message: "Ctrl-C" });
});

test("a foreign reason becomes a cancelled SalvoError that keeps it as its cause", async () => {
  const reason = new Error("elsewhere");
  await expect(sleep(1, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
    kind: "cancelled",
    cause: reason,
  });
});
