/** Writes an archive beside its run's spool, and gives it its place in one step. */
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { create } from "@bufbuild/protobuf";
import { FileChecksumSchema, type Manifest, type RunSpec } from "@salvo/proto/run_pb.ts";
import type { Record } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { formatSums, sumFiles } from "./checksums.ts";
import { syncFolder, replaceFile } from "@salvo/shared/files/durable.ts";
import { createEventLines } from "./eventlines.ts";
import { archiveDraft, CHECKSUMS, MANIFEST, openRunFolder, runFolder, scratchFolder } from "./layout.ts";
import { formatManifest, loadManifest } from "./manifest.ts";
import { createTables, type WallClock } from "./tables.ts";

export interface ArchiveDraft {
  /** Agent by agent, each agent's records ascending by seq. Resolves when the next one may come. */
  add(agent: string, record: Record): void | Promise<void>;
}

export interface DraftInput {
  readonly dataDir: string;
  readonly spec: RunSpec;
  readonly wall: WallClock;
  /** 1, and 2 and so on for a run that is sealed again because more of it was collected later. */
  readonly time?: number | undefined;
}

/** Of a run that is sealed already, for that time; undefined when it is not. */
export async function sealedManifest(dataDir: string, run: string, time = 1): Promise<Manifest | undefined> {
  const sealed = runFolder(dataDir, run, time);
  return (await exists(sealed)) ? loadManifest(sealed) : undefined;
}

/**
 * Has `fill` add all records, and then make the manifest of the files that came of them. An archive is either in its place,
 * whole, or it is not; what an earlier attempt left is removed first. Throws `out-of-resources` when the disk is full.
 */
export async function withArchiveDraft(
  { dataDir, spec, wall, time }: DraftInput,
  fill: (draft: ArchiveDraft) => Promise<(files: Manifest["files"]) => Manifest>,
): Promise<Manifest> {
  const sealed = runFolder(dataDir, spec.run, time);
  const folder = archiveDraft(openRunFolder(dataDir, spec.run));
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(join(folder, "fio"), { recursive: true });
    const manifestOf = await writeData(folder, { dataDir, spec, wall }, fill);
    const files = (await sumFiles(folder)).map((sum) => create(FileChecksumSchema, sum));
    await replaceFile(join(folder, MANIFEST), formatManifest(manifestOf(files)));
    await replaceFile(join(folder, CHECKSUMS), formatSums(await sumFiles(folder)));
    await rename(folder, sealed);
    await syncFolder(dirname(sealed));
  } catch (error) {
    throw whyNotSealed(error, folder);
  }
  return loadManifest(sealed);
}

/** All files but the manifest. */
async function writeData<Result>(
  folder: string,
  { dataDir, spec, wall }: DraftInput,
  fill: (draft: ArchiveDraft) => Promise<Result>,
): Promise<Result> {
  await using scratch = await openScratch(scratchFolder(openRunFolder(dataDir, spec.run)));
  const tables = await createTables(scratch.instance, spec, wall);
  const events = createEventLines(wall);
  const result = await fill({
    add(agent, record) {
      tables.add(agent, record);
      events.add(agent, record);
      if (record.body.case !== "final") return;
      const { participant, json } = record.body.value;
      return replaceFile(join(folder, "fio", `${participant}.json`), json);
    },
  });
  await tables.write(folder);
  await replaceFile(join(folder, "events.jsonl"), events.text());
  return result;
}

/** DuckDB says in words only that the disk is full. */
function whyNotSealed(caught: unknown, draft: string): SalvoError {
  const problem = toSalvoError(caught);
  if (problem.kind !== "out-of-resources" && !/no space left on device/i.test(problem.message)) return problem;
  return new SalvoError("out-of-resources", `the run cannot be sealed: ${problem.message}`, {
    file: problem.file ?? draft,
    cause: caught,
    remedy: "Make room there, then type salvo resume: nothing of the run is lost",
  });
}

/** A database in memory that may use a folder when memory gets short. */
async function openScratch(folder: string) {
  const instance = await DuckDBInstance.create(":memory:", { temp_directory: folder, memory_limit: SCRATCH_MEMORY });
  return {
    instance,
    async [Symbol.asyncDispose]() {
      instance.closeSync();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const SCRATCH_MEMORY = "1GB";

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    const found = toSalvoError(error, { file: path });
    if (found.kind === "not-found") return false;
    throw found;
  }
}
