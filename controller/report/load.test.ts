import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { ManifestSchema } from "@salvo/proto/run_pb.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeExampleArchive } from "./example-archive.ts";
import { exampleRun } from "./example.ts";
import { loadReportRun } from "./load.ts";
import { renderReport } from "./report.ts";

let folder: string;
const run = exampleRun({ agents: 2, ticks: 6, idleTick: 4, stalledTick: 5 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvo's-report-"));
  await writeExampleArchive(run, join(folder, "whole"));
});
afterAll(() => rm(folder, { recursive: true }));

test("an archive gives back the manifest and every row", async () => {
  const loaded = await loadReportRun(join(folder, "whole"));
  const order = (a: { agent: string; tick: number }, b: { agent: string; tick: number }) =>
    a.tick - b.tick || (a.agent < b.agent ? -1 : 1);
  expect(loaded.manifest).toEqual(run.manifest);
  expect(loaded.samples).toEqual(run.samples.toSorted(order));
  expect(loaded.cpu).toEqual(run.cpu.toSorted((a, b) => order(a, b) || a.core - b.core));
  expect(loaded.disk).toEqual(run.disk.toSorted(order));
  expect(renderReport([loaded])).toBe(renderReport([run]));
});

test("a folder that holds no run is said to be none", async () => {
  await expect(loadReportRun(join(folder, "absent"))).rejects.toMatchObject({
    kind: "not-found",
    file: join(folder, "absent", "manifest.json"),
  });
});

test("a damaged manifest or Parquet file is named", async () => {
  const damaged = join(folder, "damaged");
  await cp(join(folder, "whole"), damaged, { recursive: true });
  await writeFile(join(damaged, "cpu.parquet"), "PAR1 no more");
  await expect(loadReportRun(damaged)).rejects.toMatchObject({ kind: "corrupt", file: join(damaged, "cpu.parquet") });
  await writeFile(join(damaged, "manifest.json"), "{");
  await expect(loadReportRun(damaged)).rejects.toMatchObject({ kind: "corrupt", file: join(damaged, "manifest.json") });
});

test("an archive of a newer format is refused, not misread", async () => {
  const newer = join(folder, "newer");
  await cp(join(folder, "whole"), newer, { recursive: true });
  await writeFile(join(newer, "manifest.json"), toJsonString(ManifestSchema, { ...run.manifest, format: 2 }));
  await expect(loadReportRun(newer)).rejects.toMatchObject({ kind: "wrong-state" });
});
