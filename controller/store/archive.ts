/** Makes a finished run immutable. */
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { create } from "@bufbuild/protobuf";
import { FileChecksumSchema, ManifestSchema, type Manifest, type RunSpec } from "@salvo/proto/run_pb.ts";
import type { FioFinal } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { createAnalysis, type Conclusion, type RunFacts } from "../analysis/analysis.ts";
import { createClocks, type Clocks } from "../analysis/clocks.ts";
import { createMeasured, type Measured } from "../analysis/measured.ts";
import { plannedSpan, type TickSpan } from "../analysis/window.ts";
import { formatSums, sumFiles } from "./checksums.ts";
import { syncFolder, writeDurably } from "./durable.ts";
import { createEventLines } from "./eventlines.ts";
import { archiveDraft, CHECKSUMS, MANIFEST, openRunFolder, runFolder, scratchFolder } from "./layout.ts";
import { formatManifest, loadManifest, MANIFEST_FORMAT } from "./manifest.ts";
import { createRejected, soundRecords } from "./rejected.ts";
import type { Spool } from "./spool.ts";
import { createTables } from "./tables.ts";

export interface SealInput {
  readonly dataDir: string;
  readonly spec: RunSpec;
  readonly facts: RunFacts;
  readonly spool: Spool;
  readonly salvoVersion: string;
  /** 1, and 2 and so on for a run that is sealed again because more of it was collected later. */
  readonly time?: number;
}

/**
 * Writes the run's archive beside its spool and then gives it its place in one step, so that a run is either sealed or not.
 * Sealing again after a crash gives the same files; of a run that is sealed it only returns the manifest. The spool stays
 * (see discardOpenRun). What is no record of the run is left out and noted. Throws `out-of-resources` when the disk is full.
 */
export async function sealRun(input: SealInput): Promise<Manifest> {
  const { dataDir, spec, time } = input;
  const sealed = runFolder(dataDir, spec.run, time);
  if (await exists(sealed)) return loadManifest(sealed);

  const draft = archiveDraft(openRunFolder(dataDir, spec.run));
  try {
    await writeArchive(draft, input);
    await rename(draft, sealed);
    await syncFolder(dirname(sealed));
  } catch (error) {
    throw whyNotSealed(error, draft);
  }
  return loadManifest(sealed);
}

async function writeArchive(draft: string, input: SealInput): Promise<void> {
  await rm(draft, { recursive: true, force: true });
  await mkdir(join(draft, "fio"), { recursive: true });
  const conclusion = await writeData(draft, input);
  const files = (await sumFiles(draft)).map((sum) => create(FileChecksumSchema, sum));
  await writeDurably(join(draft, MANIFEST), formatManifest(manifestOf(input, conclusion, files)));
  await writeDurably(join(draft, CHECKSUMS), formatSums(await sumFiles(draft)));
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

function manifestOf(
  { spec, facts, salvoVersion }: SealInput,
  conclusion: Conclusion,
  files: Manifest["files"],
): Manifest {
  return create(ManifestSchema, {
    ...conclusion,
    format: MANIFEST_FORMAT,
    salvoVersion,
    spec,
    ...(facts.t0 && { t0Ns: facts.t0.ns, t0WallNs: facts.t0.wallNs }),
    agents: facts.agents,
    clockBefore: facts.clockBefore,
    clockAfter: facts.clockAfter,
    files,
  });
}

/** All files but the manifest, in one pass over the records. */
async function writeData(folder: string, { dataDir, spec, facts, spool }: SealInput): Promise<Conclusion> {
  await using scratch = await openScratch(scratchFolder(openRunFolder(dataDir, spec.run)));
  const clocks = createClocks(facts.t0, facts.clockBefore, facts.clockAfter);
  const tables = await createTables(scratch.instance, spec, clocks.wall);
  const events = createEventLines(clocks.wall);
  const analysis = createAnalysis(spec, facts);
  const planned = createMeasured(spec, plannedSpan(spec), clocks);
  const rejected = createRejected();
  const soundRecord = soundRecords(spec, rejected);

  for (const agent of spool.agents) {
    for await (const batch of spool.read(agent)) {
      const finals: FioFinal[] = [];
      for (const entry of batch) {
        const record = soundRecord(agent, entry);
        if (!record) continue;
        analysis.add(agent, entry, record);
        planned.add(agent, record);
        tables.add(agent, record);
        events.add(agent, record);
        if (record.body.case === "final") finals.push(record.body.value);
      }
      for (const { participant, json } of finals) await writeDurably(join(folder, "fio", `${participant}.json`), json);
    }
  }
  await tables.write(folder);
  await writeDurably(join(folder, "events.jsonl"), events.text());
  const conclusion = analysis.conclude(await measuredIn(analysis.window(), { planned, spec, spool, clocks }));
  return { ...conclusion, notes: [...conclusion.notes, ...spool.notes(), ...rejected.notes()] };
}

interface Replay {
  readonly planned: Measured;
  readonly spec: RunSpec;
  readonly spool: Spool;
  readonly clocks: Clocks;
}

/** Nearly always the window is as planned, and all is measured already; else the records are read once more. */
async function measuredIn(
  window: TickSpan | undefined,
  { planned, spec, spool, clocks }: Replay,
): Promise<Measured | undefined> {
  if (!window) return undefined;
  if (window.first === planned.span.first && window.last === planned.span.last) return planned;
  const measured = createMeasured(spec, window, clocks);
  const soundRecord = soundRecords(spec, createRejected()); // told of the first time
  for (const agent of spool.agents) {
    for await (const batch of spool.read(agent))
      for (const entry of batch) {
        const record = soundRecord(agent, entry);
        if (record) measured.add(agent, record);
      }
  }
  return measured;
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
