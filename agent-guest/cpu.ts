import { closeSync, openSync, readSync } from "node:fs";
import type { CoreCounters } from "@salvo/shared/agent/platform.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

/** USER_HZ, the unit of /proc/stat: 100 on every architecture that Linux runs Node on (getconf CLK_TCK). */
const MS_PER_TICK = 10;

/** Reads /proc/stat again and again through one open file. Each read is one system call. */
export function openCores(path = "/proc/stat"): { read(): CoreCounters[]; close(): void } {
  const file = openSync(path, "r");
  const buffer = Buffer.alloc(256 * 1024);
  return {
    read: () => parseCores(buffer.toString("latin1", 0, readSync(file, buffer, 0, buffer.length, 0))),
    close: () => closeSync(file),
  };
}

/**
 * The cpuN lines of /proc/stat, by core number: user nice system idle iowait irq softirq steal guest guest_nice
 * (proc_stat(5)). Guest time is part of user already; nice is counted as user.
 */
export function parseCores(stat: string): CoreCounters[] {
  const cores: CoreCounters[] = [];
  for (const line of stat.split("\n")) {
    if (!line.startsWith("cpu")) break;
    const [name = "", ...fields] = line.split(/ +/);
    if (name === "cpu") continue;
    const ms = fields.map((field) => Number(field) * MS_PER_TICK);
    const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = ms;
    if (ms.length < 7 || ms.some((value) => !Number.isFinite(value))) {
      throw new SalvoError("program-failed", `/proc/stat has an unknown line: ${line.slice(0, 120)}`);
    }
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
