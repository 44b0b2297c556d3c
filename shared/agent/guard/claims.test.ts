import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openClaims } from "./claims.ts";

const LABEL = { uuid: "uuid-1", lab: "lab1", device: "lun0" };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo-claims-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a claim is there until it is removed, for its own device, and its owner's alone", async () => {
  const claims = openClaims(join(folder, "data"));
  expect(await claims.read("lun0")).toBeUndefined();
  await claims.write(LABEL);
  await claims.write({ ...LABEL, uuid: "uuid-2" });
  expect(await openClaims(join(folder, "data")).read("lun0")).toEqual({ ...LABEL, uuid: "uuid-2" });
  expect(await claims.read("lun1")).toBeUndefined();
  expect(await readdir(join(folder, "data/claims"))).toEqual(["lun0.json"]);
  expect((await stat(join(folder, "data/claims"))).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, "data/claims/lun0.json"))).mode & 0o777).toBe(0o600);
  await claims.remove("lun0");
  await claims.remove("lun0");
  expect(await claims.read("lun0")).toBeUndefined();
});

test("a damaged claim is none, and one that cannot be read is an error: it might say something", async () => {
  const claims = openClaims(folder);
  await claims.write(LABEL);
  for (const text of ["", "{", "null", '{"uuid":"uuid-1"}', "\0".repeat(60)]) {
    await writeFile(join(folder, "claims/lun0.json"), text);
    expect(await claims.read("lun0"), text).toBeUndefined();
  }
  await mkdir(join(folder, "claims/lun1.json"));
  await expect(claims.read("lun1")).rejects.toThrow("EISDIR");
});
