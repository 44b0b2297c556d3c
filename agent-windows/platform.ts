import type { Platform } from "@salvo/shared/agent/platform.ts";
import type { AgentConfig } from "@salvo/proto/agent_file_pb.ts";
import type { HostTime } from "@salvo/shared/agent/host-time.ts";
import { dirname, join } from "node:path";
import { openBootId } from "./boot.ts";
import { describeHost } from "./host.ts";
import { windowsInitiator } from "./initiator/provider.ts";
import { type PowerShell, windowsPowerShell } from "./powershell/bridge.ts";
import { allDisks, diskUnder } from "./disk-counters.ts";
import { type HostCounters, windowsSampler } from "./sampler.ts";
import { starWindTarget } from "./target/provider.ts";
import type { Processors } from "./target/ram-disk.ts";
import { windowsTime } from "./time.ts";
import { readAffinity, setAffinity } from "./win32/affinity.ts";
import { openInterfaces } from "./win32/interfaces.ts";
import { readNumaNodes } from "./win32/numa.ts";
import { openProcessorTimes } from "./win32/processor-times.ts";
import { windowsWorkloads } from "./workloads.ts";

/** Its first start after a boot of a busy host takes many seconds. */
const POWERSHELL_DEADLINE_MS = 30_000;

/** What is asked of Windows by its own calls, and by PowerShell. */
export interface WindowsHost extends HostCounters {
  readonly time: HostTime;
  readonly powerShell: PowerShell;
  readonly processors: Processors;
}

export function windowsHost(): WindowsHost {
  const powerShell = windowsPowerShell({
    program: `${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`,
    // The bundle has the scripts beside the program.
    folder: join(dirname(process.argv[1] ?? "."), "powershell"),
    deadlineMs: POWERSHELL_DEADLINE_MS,
  });
  return {
    time: windowsTime(),
    powerShell,
    processors: { nodes: () => readNumaNodes(), read: readAffinity, set: setAffinity },
    readCores: openProcessorTimes(),
    openInterfaces,
    diskUnder,
    allDisks,
  };
}

/** What Windows offers so far: workloads on files, counters, its initiator, and StarWind as a target. No raw disks yet. */
export function windowsPlatform({ dataDir }: Pick<AgentConfig, "dataDir">, host: WindowsHost): Platform {
  const bootId = openBootId(join(dataDir, "boot.json"));
  return {
    describeHost: () => describeHost(host.powerShell, dataDir),
    bootId,
    time: host.time,
    sampler: windowsSampler(host),
    workloads: windowsWorkloads,
    target: (deps) => starWindTarget({ ...deps, powerShell: host.powerShell, processors: host.processors }),
    initiator: (deps) => windowsInitiator({ ...deps, powerShell: host.powerShell, bootId }),
  };
}
