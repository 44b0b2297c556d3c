import { create } from "@bufbuild/protobuf";
import { SpreadSchema, type Spread } from "@salvo/proto/run_pb.ts";
import { nsToMs } from "@salvo/shared/kernel/time.ts";

/** fio 3.33 proves its start within a few ms; a proof this wide says nothing about being simultaneous. */
export const START_BOUND_MS_MAX = 10;
/** Gates of hosts open within a few ms of each other, 25 ms on a very busy host: docs/decisions/0010-start-proven-by-bounds.md. */
export const START_SPREAD_MS_MAX = 25;

/** A participant's first I/O lies between the two, ns after T0 on the controller's clock, the clock's own bound included. */
export interface FirstIo {
  readonly participant: string;
  readonly agent: string;
  readonly earliestNs: bigint;
  readonly latestNs: bigint;
  /** What the agent's clock adds at either end, and the round trip that it is known by. */
  readonly clockBoundNs: bigint;
  readonly rttNs: bigint;
}

/** How far the middle of each proof lies behind the earliest such; undefined when nobody started. */
export function startSpread(firstIos: readonly FirstIo[]): Spread | undefined {
  if (firstIos.length === 0) return undefined;
  const middles = firstIos.map(middleTwice).sort(ascending);
  const behindMs = middles.map((middle) => nsToMs(middle - (middles[0] ?? 0n)) / 2);
  return create(SpreadSchema, {
    p50: nearestRank(behindMs, 0.5),
    p95: nearestRank(behindMs, 0.95),
    max: nearestRank(behindMs, 1),
  });
}

/**
 * Those whose middle lies further behind the earliest than a limit, with how far. One whose proof is wider than `proofMs` at
 * either end counts only when it is late whatever is true within the proofs: a wide proof is another finding than a late start.
 */
export function lateStarts(firstIos: readonly FirstIo[], limitMs: number, proofMs: number): LateStart[] {
  const [first] = firstIos.toSorted((a, b) => ascending(middleTwice(a), middleTwice(b)));
  if (!first) return [];
  return firstIos
    .map((firstIo) => {
      const lateMs = nsToMs(middleTwice(firstIo) - middleTwice(first)) / 2;
      const wide = nsToMs(boundOf(firstIo)) > proofMs || nsToMs(boundOf(first)) > proofMs;
      const sureMs = wide ? nsToMs(firstIo.earliestNs - first.latestNs) : lateMs;
      return { participant: firstIo.participant, lateMs, isLate: sureMs > limitMs };
    })
    .filter(({ isLate }) => isLate)
    .map(({ participant, lateMs }) => ({ participant, lateMs }));
}

export interface LateStart {
  readonly participant: string;
  readonly lateMs: number;
}

/** The widest proof: the spread may be wrong by half of it at either end. Undefined when nobody started. */
export function widestProof(firstIos: readonly FirstIo[]): WidestProof | undefined {
  const [widest] = firstIos.toSorted((a, b) => ascending(boundOf(b), boundOf(a)));
  return widest && { ...widest, boundNs: boundOf(widest) };
}

export interface WidestProof extends FirstIo {
  /** Half its width, rounded up. */
  readonly boundNs: bigint;
}

function boundOf({ earliestNs, latestNs }: FirstIo): bigint {
  return (latestNs - earliestNs + 1n) / 2n;
}

/** Twice, to stay in whole ns. */
function middleTwice({ earliestNs, latestNs }: FirstIo): bigint {
  return earliestNs + latestNs;
}

/** The smallest value that at least a share `p` of all is not above. */
function nearestRank(sorted: readonly number[], p: number): number {
  return sorted[Math.max(Math.ceil(p * sorted.length), 1) - 1] ?? 0;
}

function ascending(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
