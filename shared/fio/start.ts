/**
 * When the first job of a fio process began, proven from its live dumps. fio before 3.36 does not print it, but each dump
 * has `runtime`: the time since the first job began, cut to whole ms, read somewhere between the agent asking for the dump
 * and receiving it. So each dump bounds the start on both sides:
 *
 *   start >= asked - runtime - 1 ms             (runtime was read after asking)
 *   start <= received - runtime                 (and before the dump came)
 *   start <= timestamp_ms + 1 ms - runtime      (and before fio took the dump's wall clock time, also cut to ms)
 *
 * The start is in the intersection of all. Dumps taken at different fractions of a ms make it narrower than 1 ms.
 * Only dumps that were asked for while all jobs ran may be used: when they have ended, `runtime` stands still.
 */
import { assert } from "../kernel/assert.ts";
import { NS_PER_MS, type Nanos } from "../kernel/time.ts";

export interface StartWitness {
  /** The agent's monotonic clock before it sent the signal, and when it had the whole dump. */
  readonly askedAtNs: Nanos;
  readonly receivedAtNs: Nanos;
  /** From the dump. */
  readonly timestampMs: number;
  readonly runtimeMs: number;
  /** Monotonic minus wall clock at about that time: see wallOffsetNs. */
  readonly wallOffsetNs: Nanos;
  /** How far the wall clock that fio stamps its dumps with may be behind; see FioTiming. */
  readonly stampLagNs?: Nanos;
}

export interface StartBounds {
  readonly earliestNs: Nanos;
  readonly latestNs: Nanos;
  /** The wall clock was set: it contradicted the other bounds and was left out, or a dump bears a time that is yet to come. */
  readonly stepped: boolean;
}

/**
 * fio measures run time with the CPU's own counter, calibrated when fio starts: up to 7 ppm off in four runs of 20 s. So a
 * dump taken after minutes proves less than one of the first seconds.
 */
const DRIFT_PPM = 50n;

/** How far off a process' own idea of the wall clock may be: Node's performance.timeOrigin was wrong by 20 us. */
const WALL_SLACK_NS = 100_000n;

/** Services that correct a clock without setting it move it by less within a run. */
const STEP_NS_MIN = 1_000_000_000n;

/** Witnesses in the order they were taken. Undefined when none is from after the first completed I/O. */
export function proveStart(witnesses: readonly StartWitness[]): StartBounds | undefined {
  let bounds: Bounds | undefined;
  for (const witness of witnesses) {
    // fio says 0 until the first I/O is complete, however long ago the job began.
    if (witness.runtimeMs === 0) continue;
    const narrower = intersect(bounds, boundsOf(witness));
    // A clock ran off by more than the allowance, which grows with time: the earlier dumps are right.
    if (narrower.latestNs < narrower.earliestNs) break;
    bounds = narrower;
  }
  if (!bounds) return undefined;
  const { earliestNs, latestNs, latestByWallNs } = bounds;
  const contradicts = latestByWallNs < earliestNs;
  return {
    earliestNs,
    latestNs: contradicts ? latestNs : sooner(latestNs, latestByWallNs),
    stepped: contradicts || witnesses.some(isOfTheFuture),
  };
}

function isOfTheFuture({ receivedAtNs, timestampMs, wallOffsetNs: offsetNs }: StartWitness): boolean {
  return BigInt(timestampMs) * NS_PER_MS + offsetNs > receivedAtNs + STEP_NS_MIN;
}

interface Bounds {
  readonly earliestNs: Nanos;
  /** By the agent's own clock alone. */
  readonly latestNs: Nanos;
  readonly latestByWallNs: Nanos;
}

function boundsOf(witness: StartWitness): Bounds {
  assert(witness.receivedAtNs >= witness.askedAtNs, "a dump was received before it was asked for");
  const runtimeNs = BigInt(witness.runtimeMs) * NS_PER_MS;
  const driftNs = (runtimeNs * DRIFT_PPM) / 1_000_000n + 1n;
  const stampNs = BigInt(witness.timestampMs + 1) * NS_PER_MS + witness.wallOffsetNs;
  const takenByNs = stampNs + WALL_SLACK_NS + (witness.stampLagNs ?? 0n);
  return {
    earliestNs: witness.askedAtNs - runtimeNs - NS_PER_MS - driftNs,
    latestNs: witness.receivedAtNs - runtimeNs + driftNs,
    latestByWallNs: takenByNs - runtimeNs + driftNs,
  };
}

function intersect(a: Bounds | undefined, b: Bounds): Bounds {
  if (!a) return b;
  return {
    earliestNs: later(a.earliestNs, b.earliestNs),
    latestNs: sooner(a.latestNs, b.latestNs),
    latestByWallNs: sooner(a.latestByWallNs, b.latestByWallNs),
  };
}

/**
 * Monotonic minus wall clock, never too small and too large by no more than one reading of the clocks takes: waits, spinning
 * for at most 1 ms, for the instant at which the wall clock's millisecond changes. `wallMs` is `Date.now`, which follows a
 * step of the clock; performance.timeOrigin does not.
 */
export function wallOffsetNs(now: () => Nanos, wallMs: () => number): Nanos {
  const firstMs = wallMs();
  let currentMs = firstMs;
  while (currentMs === firstMs) currentMs = wallMs();
  return now() - BigInt(currentMs) * NS_PER_MS;
}

/**
 * The instant that a dump's counts are of, on the agent's clock. fio stamps a dump when it has gathered all workers' counts,
 * which is long after it was asked when one of them is busy or asleep. The stamp is cut to ms: the middle of what it leaves
 * possible between asking and receiving is taken. A stamp that leaves nothing possible is of a wall clock that was set:
 * then it is the time of receiving, as fio prints as soon as it has gathered.
 */
export function countedAtNs(witness: StartWitness): Nanos {
  const { askedAtNs, receivedAtNs, timestampMs, wallOffsetNs: offsetNs, stampLagNs = 0n } = witness;
  const stampNs = BigInt(timestampMs) * NS_PER_MS + offsetNs;
  const fromNs = later(askedAtNs, stampNs - WALL_SLACK_NS);
  const untilNs = sooner(receivedAtNs, stampNs + NS_PER_MS + WALL_SLACK_NS + stampLagNs);
  return fromNs <= untilNs ? (fromNs + untilNs) / 2n : receivedAtNs;
}

function later(a: Nanos, b: Nanos): Nanos {
  return a > b ? a : b;
}

function sooner(a: Nanos, b: Nanos): Nanos {
  return a < b ? a : b;
}
