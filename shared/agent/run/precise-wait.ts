import os from "node:os";
import { sleep, unlessAborted, type Waiting } from "../../kernel/signal.ts";
import { msToNs, NS_PER_MS, nsToMs, systemClock, type Nanos } from "../../kernel/time.ts";
import { type HostTime, linuxTime } from "../host-time.ts";

/** A timer of the event loop may be late by this much on a busy host (and by 15.6 ms on an idle Windows). */
const COARSE_NS = 25n * NS_PER_MS;
/**
 * How long before the instant justBefore is called. It takes a millisecond or two, but agents of one host all do it at once:
 * with 5 ms, those that had no core for it were late (bench/README.md).
 */
const JUST_BEFORE_NS = 40n * NS_PER_MS;
/** No more than that, however long justBefore takes: what it looks at may change afterwards. A longer one makes act late. */
const JUST_BEFORE_MS_MAX = 45;
/** In this time shells end and fio's jobs do their first I/O, where there are cores for them. */
const STAND_BACK_NS = 4n * NS_PER_MS;
const URGENT = os.constants.priority.PRIORITY_HIGHEST;
/** The end of a precise wait is spun: a futex wakes up to this late. */
const SPIN_NS = 150_000n;

export interface PreciseWait extends Waiting {
  readonly time?: HostTime;
  readonly justBefore: () => void;
  /** How long justBefore takes, where that is known to be much: beyond 45 ms it makes act late. */
  readonly justBeforeMs?: number;
  readonly act: () => void;
}

/**
 * Calls act at the instant, late by microseconds where a core is free. From 25 ms before justBefore on, the whole process is
 * blocked, so that nothing else can be in the way. Throws the signal's reason when it comes earlier than that.
 */
export async function waitPrecisely(
  atNs: Nanos,
  { time = linuxTime, justBefore, justBeforeMs = 0, act, signal }: PreciseWait,
): Promise<void> {
  const wanted = msToNs(Math.min(justBeforeMs, JUST_BEFORE_MS_MAX));
  const justBeforeNs = wanted > JUST_BEFORE_NS ? wanted : JUST_BEFORE_NS;
  await sleepUntil(atNs - COARSE_NS - justBeforeNs, signal);
  const usual = os.getPriority();
  setUrgency(URGENT);
  try {
    blockUntil(atNs - justBeforeNs, time);
    justBefore();
    blockUntil(atNs - SPIN_NS, time);
    while (systemClock.now() < atNs);
    act();
  } finally {
    setUrgency(usual);
  }
}

/** What to tell of an agent whose last look at devices and counters took so long; undefined where it was in time. */
export function lateGates(lookMs: number): string | undefined {
  if (lookMs <= JUST_BEFORE_MS_MAX) return undefined;
  const ms = Math.ceil(lookMs);
  return `its last look at devices and counters took ${ms} ms, and may begin only ${JUST_BEFORE_MS_MAX} ms before its gates open: they opened late`;
}

/**
 * Returns at the instant, late by about a tenth of a millisecond on a quiet host, and takes no CPU for it. Blocks the process
 * for as long only as a timer of the event loop may be late there.
 */
export async function waitClosely(
  atNs: Nanos,
  { time = linuxTime, signal }: Waiting & { readonly time?: HostTime } = {},
): Promise<void> {
  await sleepUntil(atNs - msToNs(time.loopLateMs), signal);
  blockUntil(atNs, time);
}

/**
 * Takes no CPU for a moment, and lets nothing else in this process take any: the gates are open, and what starts behind them
 * needs the cores now. What there is to tell of it can wait.
 */
export function standBack(time = linuxTime): void {
  blockUntil(systemClock.now() + STAND_BACK_NS, time);
}

/**
 * Where another agent's fio on the same host has begun a moment earlier, this process would otherwise wait for its turn.
 * Of this thread alone; fio keeps its own. Without the right to it (root, CAP_SYS_NICE) all stays as it is.
 */
function setUrgency(priority: number): void {
  try {
    os.setPriority(0, priority);
  } catch (error) {
    // What libuv says when the kernel refuses; anything else is a bug.
    if (!(error instanceof Error && "code" in error && error.code === "ERR_SYSTEM_ERROR")) throw error;
  }
}

async function sleepUntil(atNs: Nanos, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const leftNs = atNs - systemClock.now();
    if (leftNs <= 0n) return unlessAborted(Promise.resolve(), signal);
    // setTimeout cuts off fractions, and would come early.
    await sleep(Math.ceil(Number(leftNs) / 1e6), { signal });
  }
}

function blockUntil(atNs: Nanos, time: HostTime): void {
  for (;;) {
    const leftNs = atNs - systemClock.now();
    if (leftNs <= 0n) return;
    time.block(nsToMs(leftNs));
  }
}
