import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { run } from "@salvo/shared/process/run.ts";

/** Where the figures are from: without it they say nothing. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly fio: string;
}

export async function describeMachine(fio: string): Promise<Machine> {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? "unknown",
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    fio: (await run(fio, ["--version"])).stdout.trim(),
  };
}

/** How busy the machine was since then, with us and with others: shares of all its cores. */
export function watchCores(): () => string {
  const then = readCpu();
  return () => {
    const now = readCpu();
    const all = Math.max(1, now.all - then.all);
    return `cores ${percent((now.busy - then.busy) / all)} busy, ${percent((now.stolen - then.stolen) / all)} stolen`;
  };
}

export function loadAverage(): string {
  return loadavg()
    .map((average) => average.toFixed(1))
    .join(" ");
}

/** The first line of /proc/stat (proc_stat(5)): user nice system idle iowait irq softirq steal. */
function readCpu(): { readonly busy: number; readonly stolen: number; readonly all: number } {
  const fields = readFileSync("/proc/stat", "latin1").split("\n", 1)[0]?.split(/ +/).slice(1, 9).map(Number) ?? [];
  const [, , , idle = 0, iowait = 0, , , stolen = 0] = fields;
  const all = fields.reduce((sum, each) => sum + each, 0);
  return { busy: all - idle - iowait - stolen, stolen, all };
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
