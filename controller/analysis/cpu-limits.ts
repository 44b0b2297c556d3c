/** What the CPUs of a run's hosts did to its figures, in sentences for whoever reads those. */
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import type { CpuLimit, CpuQuota } from "@salvo/proto/telemetry_pb.ts";
import type { CoreSum } from "./core-sums.ts";
import type { AgentOutline } from "./outline.ts";

export interface CpuFacts {
  readonly spec: RunSpec;
  readonly outlines: readonly Pick<AgentOutline, "agent" | "cpuLimits">[];
  /** Of the window, by agent and core number. */
  readonly cores: ReadonlyMap<string, readonly CoreSum[]>;
}

/** A core above this had no time left for one more I/O. */
const SATURATED_SHARE_MIN = 0.95;
/** When all cores together are above this, another note says so. */
const ALL_BUSY_SHARE_MIN = 0.9;
/** Less steal than this is lost in what runs differ by anyway. */
const STEAL_SHARE_MIN = 0.02;

export function cpuWarnings({ spec, outlines, cores }: CpuFacts): string[] {
  const jobs = spec.workload?.jobs ?? 1;
  return [
    ...outlines.flatMap(({ agent, cpuLimits }) => [
      ...quotaWarnings(agent, [...cpuLimits.values()]),
      ...allowedWarnings(agent, [...cpuLimits.values()], jobs),
    ]),
    ...[...cores].flatMap(([agent, sums]) => [...saturated(agent, sums), ...stolen(agent, sums)]),
  ];
}

/** One sentence for a cgroup, however many participants are in it. */
function quotaWarnings(agent: string, limits: readonly CpuLimit[]): string[] {
  const byCgroup = Map.groupBy(
    limits.flatMap((limit) => limit.quotas.map((quota) => ({ limit, quota }))),
    ({ quota }) => quota.cgroup,
  );
  return [...byCgroup.values()].flatMap((found) => {
    const who = membersOf(
      agent,
      found.map(({ limit }) => limit),
    );
    // All are of one cgroup at one time, give or take the moment between two readings.
    const [{ limit, quota } = { limit: undefined, quota: undefined }] = found;
    if (!limit || !quota || (limit.over && quota.throttledPeriods === 0n)) return [];
    return [`${who} may use ${shownCores(quota)} (CPU quota of cgroup ${quota.cgroup}), and ${cost(limit, quota)}`];
  });
}

function cost({ over }: CpuLimit, { periods, throttledPeriods, throttledUs }: CpuQuota): string {
  if (!over) return "how often it was stopped for that is not known";
  const seconds = (Number(throttledUs) / 1e6).toFixed(1);
  return `was stopped in ${throttledPeriods} of ${periods} periods, for ${seconds} s in all: the quota may be what was measured`;
}

function shownCores({ quotaUs, periodUs }: CpuQuota): string {
  const cores = Number(quotaUs) / Number(periodUs);
  return `${Number(cores.toFixed(2))} ${cores === 1 ? "core" : "cores"}`;
}

function membersOf(agent: string, limits: readonly CpuLimit[]): string {
  const participants = limits.map(({ participant }) => participant).filter(Boolean);
  if (participants.length === 0) return `the agent ${agent}`;
  return `fio of ${list(participants)}`;
}

function allowedWarnings(agent: string, limits: readonly CpuLimit[], jobs: number): string[] {
  const narrow = limits.filter(({ allowedCpus, onlineCpus }) => allowedCpus.length < onlineCpus);
  const byCpus = Map.groupBy(narrow, ({ allowedCpus, onlineCpus }) => `${ranges(allowedCpus)} of ${onlineCpus}`);
  return [...byCpus.values()].flatMap((found) => {
    const [limit] = found;
    if (!limit) return [];
    const { allowedCpus, onlineCpus } = limit;
    const all = found.filter(({ participant }) => participant !== "").length * jobs;
    const crowd = all > allowedCpus.length ? `, and ${all} jobs share them` : "";
    const cpus = `${allowedCpus.length} of ${onlineCpus} CPUs (${ranges(allowedCpus)})`;
    return [`${membersOf(agent, found)} may run on ${cpus} only${crowd}`];
  });
}

/** 0-3,8 */
function ranges(cpus: readonly number[]): string {
  const parts: { first: number; last: number }[] = [];
  for (const cpu of cpus) {
    const part = parts.at(-1);
    if (part?.last === cpu - 1) part.last = cpu;
    else parts.push({ first: cpu, last: cpu });
  }
  return parts.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

function saturated(agent: string, sums: readonly CoreSum[]): string[] {
  if (share(sums, "busyMs") > ALL_BUSY_SHARE_MIN) return [];
  const full = [...sums.entries()].filter(([, core]) => share([core], "busyMs") >= SATURATED_SHARE_MIN);
  if (full.length === 0) return [];
  const interrupts = full.filter(([, core]) => core.softirqMs > core.busyMs / 2).map(([number]) => number);
  const why = interrupts.length > 0 ? `, mostly by interrupts on ${ranges(interrupts)}` : "";
  const which = `${full.length === 1 ? "core" : "cores"} ${ranges(full.map(([number]) => number))} of ${agent}`;
  const were = full.length === 1 ? "was" : "were";
  return [
    `${which} ${were} at least ${SATURATED_SHARE_MIN * 100} % busy${why}, though others were not: one core may limit what was measured`,
  ];
}

function stolen(agent: string, sums: readonly CoreSum[]): string[] {
  const stealShare = share(sums, "stealMs");
  if (stealShare < STEAL_SHARE_MIN) return [];
  const percent = Math.round(stealShare * 100);
  return [`the hypervisor kept ${percent} % of the CPU time from ${agent} (steal): its figures may be too low`];
}

function share(sums: readonly CoreSum[], key: "busyMs" | "stealMs"): number {
  let part = 0;
  let all = 0;
  for (const sum of sums) {
    part += sum[key];
    all += sum.allMs;
  }
  return all > 0 ? part / all : 0;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_MAX);
  const more = names.length - shown.length;
  return more > 0 ? `${shown.join(", ")} and ${more} more` : shown.join(", ");
}

const NAMES_MAX = 4;
