import type { Manifest } from "@salvo/proto/run_pb.ts";
import type { ComparedRun } from "./compared-run.ts";
import { type JudgedThreshold, judgeThresholds } from "./thresholds.ts";

/** The thresholds of each study, as its newest run has them, judged on all of its runs. */
export function judgedStudies(
  manifests: readonly Pick<Manifest, "spec">[],
  runs: readonly ComparedRun[],
): JudgedThreshold[] {
  const newest = new Map(manifests.flatMap(({ spec }) => (spec ? [[spec.study, spec.thresholds] as const] : [])));
  return [...newest].flatMap(([study, thresholds]) =>
    judgeThresholds(
      thresholds,
      runs.filter((run) => run.study === study),
    ),
  );
}
