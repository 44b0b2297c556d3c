import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProcess } from "@salvo/shared/process/start.ts";
import { expect, test } from "vitest";
import { windowsWorkloads } from "./workloads.ts";

test("a dump is asked for by a file in the folder that is the TEMP of that fio alone; one that cannot be written is a lost question", async () => {
  const folder = mkdtempSync(join(tmpdir(), "salvo-dump-"));
  await using fio = await startProcess("sleep", ["60"]);
  expect(new Set(Object.values(windowsWorkloads.environmentOf(folder)))).toEqual(new Set([folder]));
  windowsWorkloads.requestDump(fio, folder);
  expect(readdirSync(folder)).toEqual(["fio-dump-status"]);
  rmSync(folder, { recursive: true });
  expect(() => windowsWorkloads.requestDump(fio, folder)).not.toThrow();
});
