import type { Platform } from "@salvo/shared/agent/platform.ts";
import type { AgentConfig } from "@salvo/proto/lab_pb.ts";
import type { HostTime } from "@salvo/shared/agent/host-time.ts";
import { dirname, join } from "node:path";
import { openBootId } from "./boot.ts";
import { describeHost } from "./host.ts";
import { windowsInitiator } from "./initiator/provider.ts";
import { type PowerShell, windowsPowerShell } from "./powershell/bridge.ts";
import { allDisks, diskUnder } from "./disk-counters.ts";
import { type HostCounters, windowsSampler } from "./sampler.ts";
import { windowsTime } from "./time.ts";
import { openInterfaces } from "./win32/interfaces.ts";
import { openProcessorTimes } from "./win32/processor-times.ts";
import { windowsWorkloads } from "./workloads.ts";

/** Its first start after a boot of a busy host takes many seconds. */
const POWERSHELL_DEADLINE_MS = 30_000;

/** What is asked of Windows by its own calls, and by PowerShell. */
export interface WindowsHost extends HostCounters {
  readonly time: HostTime;
  readonly powerShell: PowerShell;
}

export function windowsHost(): WindowsHost {
  const powerShell = windowsPowerShell({
    program: `${process.env["SystemRoot"] ?? "C:\\Windows"}\\System32\\WindowsPowerShell\\v1.0\\powershell.exe`,
    // The bundle has the scripts beside the program.
    folder: join(dirname(process.argv[1] ?? "."), "powershell"),
    deadlineMs: POWERSHELL_DEADLINE_MS,
  });
  return { time: windowsTime(), powerShell, readCores: openProcessorTimes(), openInterfaces, diskUnder, allDisks };
}

/** What Windows offers so far: workloads on files, counters, and its initiator. No raw disks and no target yet. */
export function windowsPlatform({ dataDir }: Pick<AgentConfig, "dataDir">, host: WindowsHost): Platform {
  const bootId = openBootId(join(dataDir, "boot.json"));
  return {
    describeHost: () => describeHost(host.powerShell),
    bootId,
    time: host.time,
    sampler: windowsSampler(host),
    workloads: windowsWorkloads,
    initiator: (deps) => windowsInitiator({ ...deps, powerShell: host.powerShell, bootId }),
  };
}
