/** `salvo compare`: reads manifests one after another, compares, prints, and judges where a loss is allowed. */
import { resolve } from "node:path";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { type Exit, worstExit } from "@salvo/shared/kernel/exit.ts";
import { comparedRun, type ComparedRun } from "../analysis/comparison/compared-run.ts";
import { type Judged, judgeLoss } from "../analysis/comparison/gate.ts";
import { MEASURE_NAMES, type MeasureName } from "../analysis/comparison/measure.ts";
import { compareSelections } from "../analysis/comparison/selections.ts";
import { findingsAcross } from "../analysis/findings/across-runs.ts";
import { runSelection, type RunSelection } from "../domain/run-selection.ts";
import { eachManifest, folderKind, manifestIn, type ReadManifest } from "../store/each-manifest.ts";
import { type Format, FORMATS } from "./compare-formats/formats.ts";
import type { Io } from "./io.ts";

export interface CompareCommand {
  readonly base: string;
  readonly now: string;
  readonly data: string;
  /** A share: 0.05 is 5 %. */
  readonly maxLoss?: number;
  /** Names with commas between. */
  readonly measure: string;
  readonly format: Format;
}

export async function compareRuns(command: CompareCommand, io: Io): Promise<number> {
  const measures = measuresOf(command.measure);
  const problems: SalvoError[] = [];
  const [base, now] = await selectedRuns(command, problems);
  for (const [word, runs] of [
    [command.base, base],
    [command.now, now],
  ] as const)
    if (runs.length === 0) throw nothingSelected(word, command.data, problems);
  const comparison = compareSelections(base, now);
  const findings = findingsAcross([...new Set([...base, ...now])]);
  const judged = command.maxLoss === undefined ? [] : judgeLoss(comparison.workloads, command.maxLoss, measures);
  io.stdout.write(FORMATS[command.format]({ ...comparison, findings, judged, base: command.base, now: command.now }));
  for (const problem of problems) io.stderr.write(`${problem.describe()}; it is not compared\n`);
  const isMissing = command.maxLoss !== undefined && (judged.length === 0 || comparison.alone.some(isLost));
  return worstExit([
    ...judged.map(exitOfJudged),
    isMissing ? "cannot-tell" : "ok",
    problems.length > 0 ? "environment" : "ok",
  ]);
}

/** What was measured before and is not now: nobody can tell what became of it. */
function isLost({ side }: { readonly side: "base" | "new" }): boolean {
  return side === "base";
}

function exitOfJudged({ judgement }: Judged): Exit {
  return judgement === "pass" ? "ok" : judgement === "fail" ? "loss" : "cannot-tell";
}

function measuresOf(text: string): MeasureName[] {
  return text.split(",").map((word) => {
    const known = MEASURE_NAMES.find((name) => name === word.trim());
    if (known) return known;
    throw new SalvoError("invalid-input", `--measure: there is no figure ${JSON.stringify(word)}`, {
      remedy: `Write one or more of ${MEASURE_NAMES.join(", ")}`,
    });
  });
}

type Wanted = {
  readonly from: string;
  readonly source: () => AsyncIterable<ReadManifest>;
  readonly takes: RunSelection;
};

/** Both sides; a folder that both need is read once. */
async function selectedRuns({ base, now, data }: CompareCommand, problems: SalvoError[]) {
  const sides: readonly { readonly wanted: Wanted; readonly runs: ComparedRun[] }[] = [
    { wanted: await wantedOf(base, data), runs: [] },
    { wanted: await wantedOf(now, data), runs: [] },
  ];
  for (const together of Map.groupBy(sides, ({ wanted }) => wanted.from).values()) {
    for await (const read of together[0]?.wanted.source() ?? []) {
      if (read.type === "unreadable") {
        problems.push(read.problem);
        continue;
      }
      const run = comparedRun(read.manifest);
      if (!run) continue;
      const named = {
        run: run.run,
        study: run.study,
        scenario: run.scenario.name,
        tags: run.tags,
        t0WallNs: run.t0WallNs,
      };
      for (const { wanted, runs } of together) if (wanted.takes(named)) runs.push(run);
    }
  }
  return sides.map(({ runs }) => runs) as [ComparedRun[], ComparedRun[]]; // one for each of the two sides above
}

async function wantedOf(word: string, data: string): Promise<Wanted> {
  const kind = await folderKind(word);
  if (kind === "run") return { from: resolve(word), source: () => manifestIn(word), takes: () => true };
  if (kind === "data") return { from: resolve(word), source: () => eachManifest(word), takes: () => true };
  return { from: resolve(data), source: () => eachManifest(data), takes: runSelection(word) };
}

function nothingSelected(word: string, data: string, [problem]: readonly SalvoError[]): SalvoError {
  return (
    problem ??
    new SalvoError("invalid-input", `no sealed run is called ${word}, in any of the ways that compare knows`, {
      file: resolve(data),
      remedy:
        "salvo runs lists the runs, with the names of their scenarios; salvo help compare tells what may be written",
    })
  );
}
