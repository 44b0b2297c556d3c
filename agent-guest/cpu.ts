import { closeSync, openSync, readSync } from "node:fs";
import type { CoreCounters } from "@salvo/shared/agent/domain/counters.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** USER_HZ, the unit of /proc/stat: 100 on every architecture that Linux runs Node on (getconf CLK_TCK). */
const MS_PER_TICK = 10;

/** Its cpu lines come first; with 4096 cores they are half of this. */
const STAT_BYTES_MAX = 1024 * 1024;

export type Cores = (CoreCounters | undefined)[];

/** Reads /proc/stat again and again through one open file. Each read is one system call. */
export function openCores(path = "/proc/stat"): { read(): Cores; close(): void } {
  const file = openSync(path, "r");
  const buffer = Buffer.alloc(STAT_BYTES_MAX);
  return {
    read: () => parseCores(buffer.toString("latin1", 0, readSync(file, buffer, 0, buffer.length, 0))),
    close: () => closeSync(file),
  };
}

/**
 * The cpuN lines of /proc/stat, by core number: user nice system idle iowait irq softirq steal guest guest_nice
 * (proc_stat(5)). Guest time is part of user already; nice is counted as user. A core that is offline has no line; Linux
 * before 2.6.11 had no steal.
 */
export function parseCores(stat: string): Cores {
  const cores: Cores = [];
  for (const line of stat.split("\n")) {
    if (!line.startsWith("cpu")) break;
    const [name = "", ...fields] = line.trimEnd().split(/ +/);
    if (name === "cpu") continue;
    const core = Number(name.slice("cpu".length));
    const ms = fields.map((field) => Number(field) * MS_PER_TICK);
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ms;
    if (!Number.isInteger(core) || ms.length < 7 || ms.some((value) => !Number.isFinite(value))) {
      throw new SalvoError("program-failed", `/proc/stat has an unknown line: ${line.slice(0, 120)}`);
    }
    while (cores.length < core) cores.push(undefined);
    cores.push({
      userMs: user + nice,
      systemMs: system,
      irqMs: irq,
      softirqMs: softirq,
      stealMs: steal,
      idleMs: idle,
      iowaitMs: iowait,
    });
  }
  return cores;
}
