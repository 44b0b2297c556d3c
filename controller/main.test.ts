import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";

const MAIN = `${import.meta.dirname}/main.ts`;

async function endOf(salvo: ReturnType<typeof spawn>) {
  const [said, [code, signal]] = await Promise.all([salvo.stderr ? text(salvo.stderr) : "", once(salvo, "exit")]);
  return { said, code: code as unknown, signal: signal as unknown }; // the arguments of Node's `exit` event
}

test("a reader that leaves early, as head does, ends the command without a word", async () => {
  const salvo = spawn(process.execPath, [MAIN, "help"], { stdio: ["ignore", "pipe", "pipe"] });
  salvo.stdout.destroy(); // long before the first word
  expect(await endOf(salvo)).toEqual({ said: "", code: 130, signal: null });
});

test("results that cannot be written are no success, and the exit code and one line say so", async () => {
  const salvo = spawn(process.execPath, [MAIN, "--version"], { stdio: ["ignore", openSync("/dev/full", "w"), "pipe"] });
  const { said, code } = await endOf(salvo);
  expect(said).toBe(
    "salvo: the output cannot be written: ENOSPC: no space left on device, write. " +
      "Free some space, or send standard output elsewhere\n",
  );
  expect(code).toBe(6);
});

test("a standard error that nobody reads, or that is full, changes nothing", async () => {
  const unread = spawn(process.execPath, [MAIN, "fly"], { stdio: ["ignore", "pipe", "pipe"] });
  unread.stderr.destroy();
  unread.stdout.resume();
  expect((await once(unread, "exit"))[0]).toBe(2);
  const full = spawn(process.execPath, [MAIN, "fly"], { stdio: ["ignore", "pipe", openSync("/dev/full", "w")] });
  expect((await endOf(full)).code).toBe(2);
});

test("what others wrote moves no terminal, whatever the command", async () => {
  const salvo = spawn(process.execPath, [MAIN, "agents", "--lab", "\u001b]0;owned\u0007\u202e.yaml"]);
  salvo.stdout.resume();
  expect((await endOf(salvo)).said).toContain("\\u001b]0;owned\\u0007\\u202e.yaml");
});
