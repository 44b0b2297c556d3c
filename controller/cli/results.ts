import type { Manifest, RunSummary } from "@salvo/proto/run_pb.ts";
import { comparedRun } from "../analysis/comparison/compared-run.ts";
import { compareScenarios } from "../analysis/comparison/comparison.ts";
import type { JudgedThreshold } from "../analysis/comparison/thresholds.ts";
import { summaryOf } from "../store/manifest.ts";
import { scenariosText } from "./scenarios-text.ts";
import { runTable } from "./table.ts";

/** What a command prints of its runs at its end: a line for each, what to know of them, and the scenarios side by side. */
export function resultText(manifests: readonly Manifest[]): string {
  const summaries = manifests.map(summaryOf);
  const warnings = warningLines(summaries);
  const compared = scenariosText(compareScenarios(manifests.flatMap((manifest) => comparedRun(manifest) ?? [])));
  return [
    runTable(summaries),
    ...(warnings.length > 0 ? ["\nwarnings:\n", ...warnings] : []),
    ...(compared ? [`\n${compared}`] : []),
  ].join("");
}

/** Each sentence once, with the run that it is about, or how many more. */
function warningLines(summaries: readonly RunSummary[]): string[] {
  const said = summaries.flatMap(({ run, warnings }) => warnings.map((warning) => ({ run, warning })));
  return [...Map.groupBy(said, ({ warning }) => warning)].map(([warning, about]) => {
    const more = about.length > 1 ? ` and ${about.length - 1} more` : "";
    return `${about[0]?.run}${more}: ${warning}\n`;
  });
}

const WORDS = { pass: "met", fail: "NOT MET", "cannot-tell": "cannot tell" } as const;

/** A line for each threshold; empty without any. */
export function thresholdText(judged: readonly JudgedThreshold[]): string {
  if (judged.length === 0) return "";
  const lines = judged.map(
    ({ about, expect, judgement, sentence }) => `${WORDS[judgement]}: ${about}: ${expect}; ${sentence}\n`,
  );
  return `\nthresholds:\n${lines.join("")}`;
}
