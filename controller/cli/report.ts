import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { runSelection } from "../domain/run-selection.ts";
import { reportOfRuns } from "../report/of-runs.ts";
import { listRuns, OPEN } from "../store/runs.ts";
import { EXIT } from "@salvo/shared/kernel/exit.ts";
import type { Io } from "./io.ts";

export interface ReportCommand {
  readonly runs: readonly string[];
  readonly data: string;
  readonly out: string;
}

export async function makeReport({ runs, data, out }: ReportCommand, io: Io): Promise<number> {
  const ids = await reportedRuns(data, runs);
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

/** By ids, or how they begin; or by what runSelection knows, and then in the order in which `salvo runs` lists them. */
async function reportedRuns(data: string, words: readonly string[]): Promise<readonly string[]> {
  const sealed = (await listRuns(data)).filter(({ verdict }) => verdict !== OPEN);
  const isId = (word: string) => sealed.some(({ run }) => run.startsWith(word));
  const chosen = words.map((word) => ({ word, takes: word === "*" ? () => true : runSelection(word) }));
  const ids = chosen.flatMap(({ word, takes }) => {
    if (isId(word)) return [word];
    const found = sealed.filter((run) => takes({ ...run, t0WallNs: run.window?.startNs ?? 0n })).map(({ run }) => run);
    return found.length > 0 || word === "*" ? found : [word]; // reportOfRuns says what is wrong with it
  });
  return [...new Set(ids)];
}

/** Returns the file's absolute path. Throws as reportOfRuns, and what the file system says. */
export async function writeReport(data: string, runs: readonly string[], out: string): Promise<string> {
  const page = await reportOfRuns(data, runs);
  const file = resolve(out);
  try {
    await writeFile(file, page);
  } catch (error) {
    throw toSalvoError(error, { file, remedy: "Name another file with --out." });
  }
  return file;
}
