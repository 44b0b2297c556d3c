import type { CoreTime } from "@salvo/proto/telemetry_pb.ts";

export interface BusyTime {
  readonly busyMs: number;
  readonly allMs: number;
}

/** Of all cores together. Waiting for I/O is idle time; time stolen by the hypervisor is time that was wanted. */
export function busyTime(cores: readonly CoreTime[]): BusyTime {
  let busyMs = 0;
  let idleMs = 0;
  for (const core of cores) {
    busyMs += core.userMs + core.systemMs + core.irqMs + core.softirqMs + core.stealMs;
    idleMs += core.idleMs + core.iowaitMs;
  }
  return { busyMs, allMs: busyMs + idleMs };
}

/** 0 to 1; 0 of no time. */
export function busyShare({ busyMs, allMs }: BusyTime): number {
  return allMs > 0 ? busyMs / allMs : 0;
}
