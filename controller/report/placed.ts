import { create } from "@bufbuild/protobuf";
import { RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { partLabels, scenarioPart, workloadPart } from "../analysis/run-content.ts";
import type { ReportRun } from "./run.ts";
import { formatInstant } from "./units.ts";

/** A run, the address of its section in the page, and what it is called there. */
export interface PlacedRun {
  readonly run: ReportRun;
  readonly anchor: string;
  /** Runs with the same content may be pooled, others never, whatever their names. */
  readonly content: string;
  readonly workloadContent: string;
  /** The names of workload and scenario, with what differs where runs of one name have several contents. */
  readonly workload: string;
  readonly scenario: string;
  /** `repeat 1`, and when it was where another run of the same content is repeat 1 as well. */
  readonly repeat: string;
}

export function placeRuns(runs: readonly ReportRun[]): PlacedRun[] {
  const parted = runs.map((run) => ({ run, ...partsOf(run) }));
  const workloads = partLabels(parted.map(({ workload }) => workload));
  const scenarios = partLabels(parted.map(({ scenario }) => scenario));
  const contentOf = ({ workload, scenario }: (typeof parted)[number]) => `${workload.hash} ${scenario.hash}`;
  const alike = Map.groupBy(parted, (part) => `${contentOf(part)} ${repeatOf(part.run)}`);
  return parted.map((part, index) => ({
    run: part.run,
    anchor: `run${index + 1}`,
    content: contentOf(part),
    workloadContent: part.workload.hash,
    workload: workloads.get(part.workload.hash) ?? "",
    scenario: scenarios.get(part.scenario.hash) ?? "",
    repeat: repeatText(part.run, (alike.get(`${contentOf(part)} ${repeatOf(part.run)}`)?.length ?? 0) > 1),
  }));
}

/** An archive without a spec has its summary's names, and nothing that is known of its content. */
function partsOf({ manifest: { spec, summary } }: ReportRun) {
  const known = spec ?? create(RunSpecSchema, { scenario: summary?.scenario ?? "" });
  return { workload: workloadPart(known), scenario: scenarioPart(known) };
}

function repeatOf({ manifest: { summary } }: ReportRun): number {
  return summary?.repeat ?? 0;
}

function repeatText(run: ReportRun, ambiguous: boolean): string {
  const { t0WallNs, summary } = run.manifest;
  const when = t0WallNs > 0n ? formatInstant(t0WallNs) : (summary?.run ?? "");
  return `repeat ${repeatOf(run)}${ambiguous ? `, ${when}` : ""}`;
}
