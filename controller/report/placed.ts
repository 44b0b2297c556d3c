import { create } from "@bufbuild/protobuf";
import { type Manifest, RunSpecSchema } from "@salvo/proto/run_pb.ts";
import { partLabels, scenarioPart, workloadPart } from "../analysis/run-content.ts";
import { formatInstant } from "./units.ts";

/** What is known of a run without its measurements, the address of its section in the page, and what it is called there. */
export interface PlacedRun {
  readonly manifest: Manifest;
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

export function placeRuns(manifests: readonly Manifest[]): PlacedRun[] {
  const parted = manifests.map((manifest) => ({ manifest, ...partsOf(manifest) }));
  const workloads = partLabels(parted.map(({ workload }) => workload));
  const scenarios = partLabels(parted.map(({ scenario }) => scenario));
  const contentOf = ({ workload, scenario }: (typeof parted)[number]) => `${workload.hash} ${scenario.hash}`;
  const alike = Map.groupBy(parted, (part) => `${contentOf(part)} ${repeatOf(part.manifest)}`);
  return parted.map((part, index) => ({
    manifest: part.manifest,
    anchor: `run${index + 1}`,
    content: contentOf(part),
    workloadContent: part.workload.hash,
    workload: workloads.get(part.workload.hash) ?? "",
    scenario: scenarios.get(part.scenario.hash) ?? "",
    repeat: repeatText(part.manifest, (alike.get(`${contentOf(part)} ${repeatOf(part.manifest)}`)?.length ?? 0) > 1),
  }));
}

/** An archive without a spec has its summary's names, and nothing that is known of its content. */
function partsOf({ spec, summary }: Manifest) {
  const known = spec ?? create(RunSpecSchema, { scenario: summary?.scenario ?? "" });
  return { workload: workloadPart(known), scenario: scenarioPart(known) };
}

function repeatOf({ summary }: Manifest): number {
  return summary?.repeat ?? 0;
}

function repeatText(manifest: Manifest, ambiguous: boolean): string {
  const { t0WallNs, summary } = manifest;
  const when = t0WallNs > 0n ? formatInstant(t0WallNs) : (summary?.run ?? "");
  return `repeat ${repeatOf(manifest)}${ambiguous ? `, ${when}` : ""}`;
}
