import { startProcess } from "@salvo/shared/process/start.ts";
import { expect, test } from "vitest";
import { end, identify, isAlive } from "./processes.ts";

test("a process is known by its pid and its start, and is ended by them", async () => {
  await using sleeper = await startProcess("sleep", ["60"], { stdout: "ignore" });
  const found = await identify(sleeper.pid);
  expect(found).toMatchObject({ pid: sleeper.pid, started: expect.stringMatching(/^[1-9]\d+$/) });
  if (!found) throw new Error("it is there");
  expect(await isAlive(found)).toBe(true);
  await end(found);
  expect(await isAlive(found)).toBe(false);
  expect((await sleeper.exited).signal).toBe("SIGKILL");
});

test.for(["started", "boot"] as const)("one with the same pid and another %s is left alone", async (fact) => {
  await using sleeper = await startProcess("sleep", ["60"], { stdout: "ignore" });
  const found = await identify(sleeper.pid);
  if (!found) throw new Error("it is there");
  await end({ ...found, [fact]: "1" });
  expect(await isAlive(found)).toBe(true);
});

test("a pid that nobody has is nobody", async () => {
  expect(await identify(2 ** 22 + 1)).toBeUndefined();
});
