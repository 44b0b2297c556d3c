import type { Workloads } from "@salvo/shared/agent/fio/workloads.ts";
import { LINUX_LEAD } from "@salvo/shared/agent/run/lead.ts";
import { LINUX } from "@salvo/shared/fio/system.ts";
import { readCpuLimits } from "./cpu-limit.ts";
import { readFioLimits } from "./fio-limits.ts";
import { openGate } from "./gate.ts";
import { findWays } from "./ways.ts";

export const linuxWorkloads: Workloads = {
  system: LINUX,
  timing: { stampLagNs: 0n, lead: LINUX_LEAD },
  openGate,
  environmentOf: () => ({}),
  // fio answers on its standard output (HOWTO, "Signals").
  requestDump: (fio) => fio.signal("SIGUSR1"),
  endFio: (fio) => fio.kill("SIGKILL"),
  // proc_pid_fd(5): to open such a link is to open the file itself.
  holdFile: async ({ fd }) => ({ path: `/proc/${process.pid}/fd/${fd}`, release() {} }),
  readFioLimits: () => readFioLimits(),
  readCpuLimits: (pid) => readCpuLimits(pid),
  findWays: (path) => findWays(path),
};
