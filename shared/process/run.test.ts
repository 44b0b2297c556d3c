import { expect, test } from "vitest";
import { run } from "./run.ts";

test("a command's output and exit code come back, whatever the code", async () => {
  const ran = await run("sh", ["-c", "echo out; echo err >&2; exit 4"]);
  expect(ran).toEqual({ stdout: "out\n", stderr: "err\n", exitCode: 4 });
});

test("all of a large output is there", async () => {
  const { stdout } = await run("seq", ["1", "100000"]);
  expect(stdout.length).toBe(588_895);
});

test("output that comes in behind the command's end is there too", async () => {
  const { stdout } = await run("sh", [
    "-c",
    'setsid sh -c "sleep 0.02; echo late" 2>/dev/null & echo early; sleep 0.01',
  ]);
  expect(stdout).toBe("early\nlate\n");
});

test("a command that takes too long is killed and named", async () => {
  await expect(run("sleep", ["1000"], { timeoutMs: 20 })).rejects.toMatchObject({
    kind: "timeout",
    message: "sleep 1000 took longer than 20 ms",
  });
});

test("a command that prints without end is killed", async () => {
  await expect(run("yes", [], { stdoutBytesMax: 1000 })).rejects.toMatchObject({
    kind: "out-of-resources",
    message: "yes printed more than 1000 bytes",
  });
});

test("a command that a signal ended has failed", async () => {
  await expect(run("sh", ["-c", "echo oh no >&2; kill -SEGV $$"])).rejects.toMatchObject({
    kind: "program-failed",
    message: expect.stringMatching(/was ended by SIGSEGV: oh no$/),
  });
});

test("an aborted command throws the reason", async () => {
  const stop = new AbortController();
  const running = run("sleep", ["1000"], { signal: stop.signal });
  stop.abort();
  await expect(running).rejects.toMatchObject({ kind: "cancelled" });
});
