import { chmod, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fioTeller } from "./version.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-fio-"));
  path = join(folder, "fio");
});
afterEach(() => rm(folder, { recursive: true }));

/** A program that says so, and counts how often it was asked. */
async function install(says: string): Promise<void> {
  await writeFile(`${path}.new`, `#!/bin/sh\necho asked >> ${folder}/asked\necho ${says}\n`);
  await chmod(`${path}.new`, 0o700);
  await rename(`${path}.new`, path);
}

async function asked(): Promise<number> {
  return (await readFile(join(folder, "asked"), "utf8")).trim().split("\n").length;
}

test("a fio is run once, and again when another one has come in its place", async () => {
  const tell = fioTeller(path, () => undefined);
  expect(await tell()).toMatchObject({ version: "", problem: expect.stringContaining(path) });
  await install("fio-3.33");
  for (let time = 0; time < 3; time++) expect(await tell()).toMatchObject({ path, version: "fio-3.33", problem: "" });
  expect(await asked()).toBe(1);
  await install("fio-3.36");
  expect(await tell()).toMatchObject({ version: "fio-3.36" });
  expect(await asked()).toBe(2);
  await rm(path);
  expect(await tell()).toMatchObject({ version: "", problem: expect.stringContaining("there is no program") });
});

test("what is no fio is asked anew each time, and never remembered", async () => {
  const tell = fioTeller(path, () => undefined);
  await install("nonsense");
  for (let time = 0; time < 2; time++)
    expect(await tell()).toMatchObject({ version: "", problem: expect.stringContaining("no fio version") });
  expect(await asked()).toBe(2);
});
