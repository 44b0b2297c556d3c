import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { holdFolder } from "./hold-folder.ts";

let folder: string;
let holder: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-data-"));
});
afterEach(async () => {
  if (holder?.exitCode === null && holder.signalCode === null) {
    holder.kill("SIGKILL");
    await once(holder, "exit");
  }
  await rm(folder, { recursive: true, force: true });
});

/** Another controller, as a process of its own, that has taken the data folder. */
async function startHolder(data: string): Promise<ChildProcess> {
  const script = join(folder, "holder.ts");
  const module = JSON.stringify(new URL("./hold-folder.ts", import.meta.url).href);
  await writeFile(
    script,
    `import { holdFolder } from ${module};
     const held = await holdFolder(process.argv[2], "controller");
     process.stdout.write("held");
     setInterval(() => held, 1000);`,
  );
  const child = spawn(process.execPath, [script, data], { stdio: ["ignore", "pipe", "inherit"] });
  holder = child;
  await once(child.stdout, "data");
  return child;
}

test("a second controller on a data folder is refused with pid and host of the first, and one killed lets go at once", async () => {
  const data = join(folder, "data");
  const first = await startHolder(data);
  await expect(holdFolder(data, "controller")).rejects.toMatchObject({
    kind: "refused",
    message: `another controller has this data folder: pid ${first.pid} on ${hostname()}`,
  });
  first.kill("SIGKILL");
  await once(first, "exit");
  await using taken = await holdFolder(data, "controller");
  expect(taken.path).toBe(data);
});

test("a data folder can be had once in a process too, and again after it is disposed", async () => {
  const first = await holdFolder(folder, "controller");
  await expect(holdFolder(`${folder}/.`, "controller")).rejects.toMatchObject({ kind: "refused" });
  await first[Symbol.asyncDispose]();
  await using second = await holdFolder(folder, "controller");
  expect(second.path).toBe(folder);
});

test("the folder named by another path is the same folder", async () => {
  const data = join(folder, "data");
  await using held = await holdFolder(data, "controller");
  const { symlink } = await import("node:fs/promises");
  await symlink(held.path, join(folder, "alias"));
  await expect(holdFolder(join(folder, "alias"), "controller")).rejects.toMatchObject({ kind: "refused" });
});

test("a path that cannot be a folder is an error that names it", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(holdFolder(join(folder, "file"), "controller")).rejects.toMatchObject({ file: join(folder, "file") });
});

test("a folder that other users can write to is refused, before anything is made in it", async () => {
  const data = join(folder, "data");
  await mkdir(data);
  await chmod(data, 0o777);
  await expect(holdFolder(data, "controller")).rejects.toMatchObject({
    kind: "refused",
    file: data,
    message: "other users of this host can write to this folder",
  });
  expect(await readdir(data)).toEqual([]);
});

test.runIf(process.getuid?.() === 0)("a folder that another user has made is refused to root", async () => {
  const data = join(folder, "data");
  await mkdir(data, { mode: 0o700 });
  await chown(data, 65534, 65534);
  await expect(holdFolder(data, "agent")).rejects.toMatchObject({
    kind: "refused",
    file: data,
    message: "this folder belongs to another user of this host (uid 65534)",
  });
});
