import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkloadSchema } from "@salvo/proto/workload_pb.ts";
import { fioRuntimeMs } from "@salvo/shared/agent/domain/run-plan.ts";
import { fromPlain } from "@salvo/shared/config/plain.ts";
import { parseDump } from "@salvo/shared/fio/dump.ts";
import { fioArguments, renderJob } from "@salvo/shared/fio/job.ts";
import { LINUX } from "@salvo/shared/fio/system.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { run } from "@salvo/shared/process/run.ts";
import type { WorkloadShape } from "./lab.ts";

/** The job file that Salvo renders, but for its gate. */
export function jobWithoutGate(shape: WorkloadShape, file: string, deviceBytes: bigint): string {
  const workload = fromPlain(WorkloadSchema, shape, "the bench's workload").message;
  const job = renderJob(workload, {
    system: LINUX,
    file,
    deviceBytes,
    reservedBytes: 0n,
    runtimeMs: fioRuntimeMs(workload),
    gate: "true",
  });
  return job.replace(/^exec_prerun=.*\n/m, "");
}

/** What a fio process did, by its own final document. */
export interface FioFigures {
  readonly iops: number;
  /** I/Os for each second of CPU time of its jobs: hardly changes when others take the CPU away, so it shows small costs. */
  readonly iosPerCpuSecond: number;
}

export async function runFioAlone(fio: string, job: string, folder: string, seconds: number): Promise<FioFigures> {
  const file = join(folder, "alone.fio");
  await writeFile(file, job);
  const { stdout, stderr, exitCode } = await run(fio, fioArguments(file), {
    cwd: folder,
    timeoutMs: (seconds + 30) * 1000,
  });
  if (exitCode !== 0) throw new SalvoError("program-failed", `fio exited with ${exitCode}: ${stderr}`);
  return fioFigures(stdout);
}

export function fioFigures(document: string): FioFigures {
  const { read, write, runtimeMs } = parseDump(document);
  const { jobs }: { jobs: { usr_cpu: number; sys_cpu: number; job_runtime: number }[] } = JSON.parse(document);
  const ios = read.ios + write.ios;
  // Percent of the jobs' run time, as fio prints it; with group_reporting there is one entry.
  const cpuMs = jobs.reduce((sum, job) => sum + ((job.usr_cpu + job.sys_cpu) / 100) * job.job_runtime, 0);
  return { iops: ios / (runtimeMs / 1000), iosPerCpuSecond: ios / (cpuMs / 1000) };
}
