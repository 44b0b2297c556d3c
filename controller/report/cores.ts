import { CPU_KINDS, type CpuKind, type CpuRow, type ReportRun, tickInWindow } from "./run.ts";
import type { ReportHost } from "./hosts.ts";

/** All that one agent of a host saw of its cores. */
export interface HostCpu {
  readonly agent: string;
  readonly cores: number;
  /** Ascending; not every tick need be there. */
  readonly ticks: readonly number[];
  readonly rows: readonly CpuRow[];
}

/** Of the agent that saw most, when several share the host; undefined when none measured. */
export function cpuOfHost({ cpu }: ReportRun, host: ReportHost): HostCpu | undefined {
  const ids = new Set(host.agents.map(({ id }) => id));
  const byAgent = Map.groupBy(
    cpu.filter(({ agent }) => ids.has(agent)),
    ({ agent }) => agent,
  );
  const [most] = [...byAgent].sort(([a, rowsA], [b, rowsB]) => rowsB.length - rowsA.length || (a < b ? -1 : 1));
  if (!most) return undefined;
  const [agent, rows] = most;
  return {
    agent,
    cores: rows.reduce((cores, { core }) => Math.max(cores, core + 1), 0),
    ticks: [...new Set(rows.map(({ tick }) => tick))].sort((a, b) => a - b),
    rows,
  };
}

/** Share of an interval that was not idle, 0 to 1; waiting for I/O is idle. Undefined of no time at all. */
export function busyShare(rows: readonly CpuRow[]): number | undefined {
  return shareOf(rows, CPU_KINDS);
}

/** Share of the rows' time spent in the kinds, 0 to 1. */
export function shareOf(rows: readonly CpuRow[], kinds: readonly CpuKind[]): number | undefined {
  let spent = 0;
  let all = 0;
  for (const row of rows) {
    for (const kind of kinds) spent += row[kind];
    for (const kind of CPU_KINDS) all += row[kind];
    all += row.idle + row.iowait;
  }
  return all > 0 ? spent / all : undefined;
}

/** The core that was busiest over the window (over everything when there is none). */
export function busiestCore(run: ReportRun, { rows }: HostCpu): { core: number; share: number } | undefined {
  const inWindow = rows.filter(({ tick }) => tickInWindow(run.manifest, tick));
  const byCore = Map.groupBy(inWindow.length > 0 ? inWindow : rows, ({ core }) => core);
  return [...byCore]
    .map(([core, rows]) => ({ core, share: busyShare(rows) ?? 0 }))
    .sort((a, b) => b.share - a.share)[0];
}
