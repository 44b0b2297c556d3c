import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ask, openShell } from "./shell.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-shell-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A console like a guest's, in a folder whose path is longer than a socket's may be. */
async function consoleAt(answer: string) {
  const deep = join(folder, "a".repeat(90), "b".repeat(90));
  await mkdir(deep, { recursive: true });
  const before = process.cwd();
  process.chdir(deep); // of this test, as QEMU does it
  const server = createServer((socket) => void socket.once("data", () => socket.write(answer)));
  server.listen("shell");
  await once(server, "listening");
  process.chdir(before);
  return { shell: join(deep, "shell"), [Symbol.dispose]: () => void server.close() };
}

test("a console in a deep folder is reached, and the process stays in its own folder", async () => {
  using guest = await consoleAt("\u0002hello\n\u00033\n");
  const before = process.cwd();
  const socket = await openShell(guest);
  expect(process.cwd()).toBe(before);
  expect(await ask(socket, ["echo", "hello"])).toEqual({ output: "hello\n", exitCode: 3 });
  expect(relative(before, process.cwd())).toBe("");
});

test("a guest that does not run says so, with its socket", async () => {
  const shell = join(folder, "shell");
  await expect(openShell({ shell })).rejects.toMatchObject({ kind: "unavailable", file: shell });
});
