/** What running a study would do, from its runs alone: nothing is asked of anybody. Pure. */
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { Layout, type ScenarioStorage } from "@salvo/proto/study_pb.ts";
import { Pattern } from "@salvo/proto/workload_pb.ts";
import { storageGroups } from "./matrix.ts";

/** Arming, two measurements of the clocks, collecting and sealing, as small labs need them. */
const RUN_OVERHEAD_MS = 8_000;
/** Making storage, attaching it, checking the path, and taking all of it away. */
const STORAGE_MS = 25_000;

export interface Outlook {
  readonly runs: number;
  /** Scenarios and repeats whose storage is made. */
  readonly storages: number;
  /** Of the windows and ramps alone. */
  readonly measuringMs: number;
  /** With an estimate for all between them. */
  readonly expectedMs: number;
  readonly order: readonly OrderedGroup[];
  readonly hosts: readonly HostOutlook[];
}

export interface OrderedGroup {
  readonly repeat: number;
  readonly scenario: string;
  readonly workloads: readonly string[];
}

export interface HostOutlook {
  readonly agent: string;
  readonly address: string;
  /** Sentences, each about one thing that happens there. */
  readonly does: readonly string[];
}

export function outlookOf(specs: readonly RunSpec[]): Outlook {
  const groups = storageGroups(specs);
  const measuringMs = specs.reduce(
    (sum, { workload }) => sum + (workload?.rampMs ?? 0) + (workload?.durationMs ?? 0),
    0,
  );
  const storages = groups.filter(([first]) => first?.storage).length;
  return {
    runs: specs.length,
    storages,
    measuringMs,
    expectedMs: measuringMs + specs.length * RUN_OVERHEAD_MS + storages * STORAGE_MS,
    order: groups.map((group) => ({
      repeat: group[0]?.repeat ?? 0,
      scenario: group[0]?.scenario ?? "",
      workloads: group.map(({ workload }) => workload?.name ?? ""),
    })),
    hosts: hostsOf(specs),
  };
}

function hostsOf(specs: readonly RunSpec[]): HostOutlook[] {
  const does = new Map<string, { readonly address: string; readonly sentences: Set<string> }>();
  for (const spec of specs)
    for (const { id, address, observer } of spec.agents) {
      const host = does.get(id) ?? { address, sentences: new Set<string>() };
      does.set(id, host);
      for (const sentence of sentencesOf(spec, id)) host.sentences.add(sentence);
      if (observer) host.sentences.add("samples its cores, disks and network interfaces");
    }
  return [...does].map(([agent, { address, sentences }]) => ({ agent, address, does: [...sentences] }));
}

function sentencesOf(spec: RunSpec, agent: string): string[] {
  const wanted = spec.storage?.wanted;
  const devices = spec.participants.filter((each) => each.agent === agent).map(({ device }) => device);
  const found: string[] = [];
  if (wanted?.target === agent)
    found.push(`makes the storage of scenario ${spec.scenario}, ${storageText(wanted, spec)}`);
  if (devices.length === 0) return found;
  if (wanted) found.push(`attaches ${devices.join(", ")} in scenario ${spec.scenario}, and detaches it afterwards`);
  const verb = isReading(spec.workload?.pattern) ? "reads from" : "overwrites";
  found.push(`${verb} ${devices.join(", ")} in scenario ${spec.scenario}`);
  return found;
}

function storageText({ layout, luns, volume }: ScenarioStorage, { participants }: RunSpec): string {
  const count = layout === Layout.SHARED_LUN ? luns : participants.length;
  const bytes = Number(volume?.sizeBytes ?? 0n) * count;
  const mib = Math.round(bytes / 2 ** 20);
  return `${count} ${count === 1 ? "LUN" : "LUNs"} of ${mib} MiB in all, and removes it afterwards`;
}

function isReading(pattern: Pattern | undefined): boolean {
  return pattern === Pattern.READ || pattern === Pattern.RANDREAD;
}
