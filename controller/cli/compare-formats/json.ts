import { toJson } from "@bufbuild/protobuf";
import { FindingSchema } from "@salvo/proto/run_pb.ts";
import type { ComparedSide } from "../../analysis/comparison/comparison.ts";
import type { Difference } from "../../analysis/comparison/difference.ts";
import { differenceSentence, remarks } from "../../analysis/comparison/sentence.ts";
import type { Side } from "../../analysis/comparison/side.ts";
import type { Shown } from "./shown.ts";

/** One object on one line. What is not known is null. */
export function jsonComparison({ base, now, workloads, alone, judged, findings }: Shown): string {
  const object = {
    base,
    new: now,
    workloads: workloads.map((workload) => ({
      title: workload.title,
      base: sideObject(workload.base),
      compared: workload.others.map((other) => comparedObject(workload.base, other)),
      remarks: remarks(workload),
    })),
    alone,
    judged,
    findings: findings.map((finding) => toJson(FindingSchema, finding, { alwaysEmitImplicit: true })),
  };
  return `${JSON.stringify(object)}\n`;
}

function comparedObject(base: Side, { side, differences, differs }: ComparedSide) {
  return {
    ...sideObject(side),
    differs,
    differences: differences.map((difference) => differenceObject(difference, base, side)),
  };
}

function differenceObject(difference: Difference, base: Side, side: Side) {
  const { measure, outcome, ratio, detectable, repeatsNeeded } = difference;
  return {
    measure: measure.name,
    better: measure.better,
    outcome,
    ratio: ratio ? { value: ratio.value, ...ratio.spread } : null,
    detectableRatio: detectable ?? null,
    repeatsNeeded: repeatsNeeded ?? null,
    sentence: differenceSentence(difference, base, side),
  };
}

function sideObject({ label, verdict, runs, leftOut, figures }: Side) {
  return {
    label,
    verdict: verdict ?? null,
    runs,
    leftOut,
    figures: Object.fromEntries(
      [...figures].map(([name, { values, median, spread, variation, outliers, drift }]) => [
        name,
        { values, median, spread, variation: variation ?? null, outliers, drift: drift ?? null },
      ]),
    ),
  };
}
