import { readdirSync, readFileSync } from "node:fs";

/** What a process has used of the machine so far. */
export interface Usage {
  /** User and system time of all its threads, ns. */
  readonly cpuNs: bigint;
  readonly atNs: bigint;
}

/**
 * The scheduler's own count (sched-stats.rst: the first number is time on the CPU, ns), which is finer than the 10 ms of
 * /proc/PID/stat. Threads that have ended are not in it; an agent's stay.
 */
export function readUsage(pid: number): Usage {
  let cpuNs = 0n;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [onCpu = ""] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ");
    cpuNs += BigInt(onCpu);
  }
  return { cpuNs, atNs: process.hrtime.bigint() };
}

/** As a share of one core. */
export function coreShare(from: Usage, to: Usage): number {
  return Number(to.cpuNs - from.cpuNs) / Number(to.atNs - from.atNs);
}

export interface Memory {
  /** Now, and the most there ever was. */
  readonly rssMb: number;
  readonly peakMb: number;
}

/** proc_pid_status(5); 1 MB is 10^6 bytes. */
export function readMemory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const megabytes = (field: string) =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return { rssMb: megabytes("VmRSS"), peakMb: megabytes("VmHWM") };
}
