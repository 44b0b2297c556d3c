import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { loadReportRun } from "../report/load.ts";
import { renderReport } from "../report/report.ts";
import { listRuns, newestFolder, OPEN, readManifest } from "../store/runs.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";

export interface ReportCommand {
  readonly runs: readonly string[];
  readonly data: string;
  readonly out: string;
}

export async function makeReport({ runs, data, out }: ReportCommand, io: Io): Promise<number> {
  const ids = runs.includes("*") ? await allSealed(data) : runs;
  if (ids.length === 0) {
    throw new SalvoError("not-found", "there are no sealed runs to report on", {
      file: resolve(data),
      remedy: "Make some with salvo run.",
    });
  }
  const file = await writeReport(data, ids, out);
  io.stdout.write(`${file}\n`);
  return EXIT.ok.code;
}

/** In the order in which `salvo runs` lists them. */
async function allSealed(data: string): Promise<string[]> {
  return (await listRuns(data)).filter(({ verdict }) => verdict !== OPEN).map(({ run }) => run);
}

/** Returns the file's absolute path. Throws as readManifest does, and what the file system says. */
export async function writeReport(data: string, runs: readonly string[], out: string): Promise<string> {
  const folders = new Set<string>();
  for (const run of runs) {
    const manifest = await readManifest(data, run);
    folders.add(await newestFolder(data, manifest.spec?.run ?? run));
  }
  const loaded = await Promise.all([...folders].map((folder) => loadReportRun(folder)));
  const file = resolve(out);
  try {
    await writeFile(file, renderReport(loaded));
  } catch (error) {
    throw toSalvoError(error, { file, remedy: "Name another file with --out." });
  }
  return file;
}
