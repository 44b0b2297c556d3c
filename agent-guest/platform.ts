import type { Platform } from "@salvo/shared/agent/platform.ts";
import { openCores } from "./cpu.ts";
import { readCpuLimits } from "./cpu-limit.ts";
import { findDisk } from "./disk.ts";
import { linuxDisks } from "./disks/disks.ts";
import { readFioLimits } from "./fio-limits.ts";
import { openGate } from "./gate.ts";
import { bootId, describeHost } from "./host.ts";
import { linuxInitiator } from "./initiator/provider.ts";
import { linuxPathTools } from "./path/tools.ts";
import { linuxTarget } from "./target/provider.ts";
import { findWays } from "./ways.ts";

export function linuxPlatform(): Platform & Required<Pick<Platform, "disks">> {
  const cores = openCores();
  return {
    describeHost,
    readFioLimits: () => readFioLimits(),
    bootId,
    openGate,
    // fio answers on its standard output (HOWTO, "Signals").
    requestDump: (fio) => fio.signal("SIGUSR1"),
    readCores: () => cores.read(),
    findDisk: (path) => findDisk(path),
    readCpuLimits: (pid) => readCpuLimits(pid),
    findWays: (path) => findWays(path),
    // proc_pid_fd(5): to open such a link is to open the file itself.
    pathOfHandle: (fd) => `/proc/${process.pid}/fd/${fd}`,
    target: linuxTarget,
    initiator: linuxInitiator,
    path: linuxPathTools,
    disks: linuxDisks(),
  };
}
