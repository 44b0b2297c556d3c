import type { ArmRequest } from "@salvo/proto/agent_pb.ts";
import type { Workload } from "@salvo/proto/workload_pb.ts";
import { assert } from "../../kernel/assert.ts";
import { SalvoError } from "../../kernel/error.ts";
import { planHash, planRefused } from "./plan-hash.ts";

/**
 * fio runs longer than the window. In the tail the last tick's dump still finds fio at work, and further dumps prove when
 * the first I/O was, where they can disturb no figure.
 */
const TAIL_MS = 300;

/** fio measures its run time with the CPU's counter, calibrated when it starts: some ppm off, which adds up over days. */
const FIO_CLOCK_PPM = 100;

/** Gates that would open so late are not opened. A start that is late by less makes the run degraded, see the verdict. */
export const GATES_LATE_MS_MAX = 250;

/** A Fire that comes later than this before T0 is refused: the gates could not all open in time. */
export const FIRE_NOTICE_MS = 100;

/** What an agent is to do in one run; fixed when it is armed. Ticks are numbered from 1, tick 0 is T0 itself. */
export interface RunPlan {
  readonly run: string;
  /** None for an observer. */
  readonly participants: readonly {
    readonly id: string;
    readonly device: string;
    /** What the device was when the run was planned. */
    readonly deviceHash: string;
  }[];
  readonly workload: Workload;
  readonly intervalMs: number;
  readonly ticks: number;
  /** Of all of it. */
  readonly hash: string;
}

/** The agent runs no fio: it samples its host at the run's ticks. */
export function observes({ participants }: Pick<RunPlan, "participants">): boolean {
  return participants.length === 0;
}

/** Throws `invalid-input` when ramp or duration is not a whole number of intervals, `refused` when it is not what was planned. */
export function planOf(request: ArmRequest): RunPlan {
  const { run, intervalMs, workload } = request;
  assert(workload, "an ArmRequest was checked before it came here");
  const participants = request.participants.map(({ id, device, deviceHash }) => ({ id, device, deviceHash }));
  const hash = planHash({ run, intervalMs, workload, participants });
  if (hash !== request.planHash)
    throw planRefused(`run ${run}: workload ${workload.name} or its participants are not what was planned`);
  return { run, participants, workload, intervalMs, ticks: ticksOf(workload, intervalMs), hash };
}

/** How many samples a workload gives, ramp included. Throws `invalid-input` when an interval would be cut. */
export function ticksOf(workload: Workload, intervalMs: number): number {
  for (const [name, ms] of [
    ["ramp", workload.rampMs],
    ["duration", workload.durationMs],
  ] as const) {
    if (ms % intervalMs !== 0) {
      throw new SalvoError(
        "invalid-input",
        `workload ${workload.name}: ${name} ${ms} ms is not a multiple of ${intervalMs} ms`,
        {
          remedy: `Choose a ${name} of whole sampling intervals, or another interval.`,
        },
      );
    }
  }
  return (workload.rampMs + workload.durationMs) / intervalMs;
}

/** fio's own run time. */
export function fioRuntimeMs(workload: Workload): number {
  return workload.rampMs + workload.durationMs + TAIL_MS + clockErrorMs(workload);
}

/** How far off the end of fio may be from what its run time says. */
export function clockErrorMs({ rampMs, durationMs }: Workload): number {
  return Math.ceil(((rampMs + durationMs) * FIO_CLOCK_PPM) / 1e6);
}
