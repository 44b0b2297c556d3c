import { create } from "@bufbuild/protobuf";
import { SpreadSchema, type Spread } from "@salvo/proto/run_pb.ts";
import { nsToMs } from "@salvo/shared/kernel/time.ts";

/** A participant's first I/O lies between the two, ns after T0 on the controller's clock, the clock's own bound included. */
export interface FirstIo {
  readonly participant: string;
  readonly earliestNs: bigint;
  readonly latestNs: bigint;
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

/** Those whose middle lies further behind the earliest than a limit, with how far. */
export function lateStarts(firstIos: readonly FirstIo[], limitMs: number): LateStart[] {
  const [earliest = 0n] = firstIos.map(middleTwice).sort(ascending);
  return firstIos
    .map((firstIo) => ({ participant: firstIo.participant, lateMs: nsToMs(middleTwice(firstIo) - earliest) / 2 }))
    .filter(({ lateMs }) => lateMs > limitMs);
}

export interface LateStart {
  readonly participant: string;
  readonly lateMs: number;
}

/** Half the width of the widest proof, ns: what the spread may be wrong by at either end. */
export function startBoundNs(firstIos: readonly FirstIo[]): bigint {
  let bound = 0n;
  for (const { earliestNs, latestNs } of firstIos) {
    const half = (latestNs - earliestNs + 1n) / 2n;
    if (half > bound) bound = half;
  }
  return bound;
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
