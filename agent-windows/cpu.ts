import type { CoreCounters } from "@salvo/shared/agent/domain/counters.ts";
import { type CpuInfo, cpus } from "node:os";

export const readCores = (): CoreCounters[] => coresOf(cpus());

/**
 * From SystemProcessorPerformanceInformation, as libuv gives it (src/win/util.c, uv_cpu_info): its kernel time, less the idle
 * time, is `sys`, and holds the time of interrupts and DPCs; DPCs alone (Linux' softirq) are not told. Windows knows neither
 * iowait nor steal. Of a host with more than 64 cores only those of this process's processor group are seen.
 */
export function coresOf(infos: readonly CpuInfo[]): CoreCounters[] {
  return infos.map(({ times }) => ({
    userMs: times.user,
    systemMs: Math.max(0, times.sys - times.irq),
    irqMs: times.irq,
    softirqMs: 0,
    stealMs: 0,
    idleMs: times.idle,
    iowaitMs: 0,
  }));
}
