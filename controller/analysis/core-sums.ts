import type { CoreTime } from "@salvo/proto/telemetry_pb.ts";

/** What one core did in a window, ms. */
export interface CoreSum {
  /** Not idle and not waiting for I/O. Time that the hypervisor took is in it: it was wanted. */
  readonly busyMs: number;
  readonly userMs: number;
  readonly systemMs: number;
  /** In interrupts, hard and soft. */
  readonly softirqMs: number;
  readonly stealMs: number;
  readonly allMs: number;
}

export interface CoreSums {
  add(agent: string, cores: readonly CoreTime[]): void;
  /** By core number. */
  readonly byAgent: ReadonlyMap<string, readonly CoreSum[]>;
}

export function createCoreSums(): CoreSums {
  const byAgent = new Map<string, CoreSum[]>();
  return {
    byAgent,
    add(agent, cores) {
      const sums = byAgent.get(agent) ?? [];
      byAgent.set(agent, sums);
      for (const [number, core] of cores.entries()) sums[number] = plus(sums[number] ?? NOTHING, core);
    },
  };
}

const NOTHING: CoreSum = { busyMs: 0, userMs: 0, systemMs: 0, softirqMs: 0, stealMs: 0, allMs: 0 };

function plus(sum: CoreSum, core: CoreTime): CoreSum {
  const busyMs = core.userMs + core.systemMs + core.irqMs + core.softirqMs + core.stealMs;
  return {
    busyMs: sum.busyMs + busyMs,
    userMs: sum.userMs + core.userMs,
    systemMs: sum.systemMs + core.systemMs,
    softirqMs: sum.softirqMs + core.irqMs + core.softirqMs,
    stealMs: sum.stealMs + core.stealMs,
    allMs: sum.allMs + busyMs + core.idleMs + core.iowaitMs,
  };
}
