import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { answerOf } from "./answer-of.ts";
import { run } from "./run.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-answer-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function program(name: string, ...lines: string[]): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, ["#!/bin/sh", ...lines, ""].join("\n"));
  await chmod(file, 0o700);
  return file;
}

test("an answer is what was printed", async () => {
  expect(await answerOf(await program("tool", "echo ' v1 '"), ["--version"])).toBe("v1");
});

test.for([
  ["prints nothing", "exit 0", "printed nothing (exit code 0: nothing on standard error)"],
  ["only complains", "echo 'no library' >&2", "printed nothing (exit code 0: no library)"],
  ["fails with an answer", "echo v1; echo broken >&2; exit 3", "failed (exit code 3: broken)"],
] as const)("a program that %s gives no value, and the message says how it ended", async ([, line, what]) => {
  const file = await program("tool", line);
  await expect(answerOf(file, ["--version"])).rejects.toMatchObject({
    kind: "program-failed",
    message: `${file} --version ${what}`,
  });
});

test("a setpriv that does not know --pdeathsig is named, and not the program that it did not start", async () => {
  await program("setpriv", "echo \"setpriv: unrecognized option '--pdeathsig'\" >&2; exit 1");
  const before = process.env["PATH"];
  process.env["PATH"] = `${folder}:${before}`;
  try {
    await expect(run("true", [])).rejects.toMatchObject({
      kind: "program-failed",
      message: expect.stringMatching(
        /^true was not started: .*setpriv failed \(exit code 1: setpriv: unrecognized option/,
      ),
      remedy: "Install setpriv of util-linux 2.33 or newer, before others in PATH",
    });
  } finally {
    process.env["PATH"] = before;
  }
});
