/** What a comparison needs of a run: little, so that thousands of archives can be read one after another. Pure. */
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { type Part, scenarioPart, workloadPart } from "../run-content.ts";
import { MEASURES, type MeasureName } from "./measure.ts";

export interface ComparedRun {
  readonly run: string;
  readonly study: string;
  readonly verdict: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly t0WallNs: bigint;
  readonly workload: Part;
  readonly scenario: Part;
  /** Without those that the run cannot tell. Empty when it has no totals. */
  readonly values: ReadonlyMap<MeasureName, number>;
}

/** Undefined of a manifest without spec or summary, which no Salvo has written. */
export function comparedRun({ spec, summary, t0WallNs }: Manifest): ComparedRun | undefined {
  if (!spec || !summary) return undefined;
  const values = MEASURES.flatMap(({ name, of }): [MeasureName, number][] => {
    const value = of(summary);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    run: summary.run,
    study: summary.study,
    verdict: summary.verdict,
    tags: spec.tags,
    t0WallNs,
    workload: workloadPart(spec),
    scenario: scenarioPart(spec),
    values: new Map(values),
  };
}
