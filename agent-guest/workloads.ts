import type { Workloads } from "@salvo/shared/agent/fio/workloads.ts";
import { readCpuLimits } from "./cpu-limit.ts";
import { readFioLimits } from "./fio-limits.ts";
import { openGate } from "./gate.ts";
import { findSessions } from "./sessions.ts";

export const linuxWorkloads: Workloads = {
  openGate,
  // fio answers on its standard output (HOWTO, "Signals").
  requestDump: (fio) => fio.signal("SIGUSR1"),
  endFio: (fio) => fio.kill("SIGKILL"),
  // proc_pid_fd(5): to open such a link is to open the file itself.
  pathOfHandle: (fd) => `/proc/${process.pid}/fd/${fd}`,
  readFioLimits: () => readFioLimits(),
  readCpuLimits: (pid) => readCpuLimits(pid),
  findSessions: (path) => findSessions(path),
};
