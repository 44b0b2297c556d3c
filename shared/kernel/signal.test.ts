import { expect, test } from "vitest";
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
