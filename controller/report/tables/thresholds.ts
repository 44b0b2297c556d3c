import type { Manifest } from "@salvo/proto/run_pb.ts";
import type { ComparedRun } from "../../analysis/comparison/compared-run.ts";
import { judgedStudies } from "../../analysis/comparison/judged-studies.ts";
import { html, type Html } from "../html.ts";
import { renderTable } from "./table.ts";

const WORDS = { pass: "met", fail: "not met", "cannot-tell": "cannot tell" } as const;
const TONES = { pass: "good", fail: "poor", "cannot-tell": "fair" } as const;

/** Undefined for studies without thresholds. */
export function thresholdTable(manifests: readonly Manifest[], runs: readonly ComparedRun[]): Html | undefined {
  const judged = judgedStudies(manifests, runs);
  if (judged.length === 0) return undefined;
  return renderTable(
    "Thresholds of the study",
    [{ title: "About" }, { title: "Expected" }, { title: "Result" }, { title: "Measured" }],
    judged.map(({ about, expect, judgement, sentence }) => [
      html`${about}`,
      html`${expect}`,
      html`<span class="verdict ${TONES[judgement]}">${WORDS[judgement]}</span>`,
      html`${sentence}`,
    ]),
  );
}
