import type { ClockEstimate } from "@salvo/proto/run_pb.ts";
import { jumpNs, toController } from "@salvo/shared/clock/offset.ts";

/** T0 on the controller's monotonic clock, and on its wall clock, ns since 1970. */
export interface T0 {
  readonly ns: bigint;
  readonly wallNs: bigint;
}

export interface Instant {
  /** After T0, on the controller's clock. */
  readonly ns: bigint;
  /** Wrong by at most this. */
  readonly boundNs: bigint;
}

/** Reads the agents' clocks on the controller's. Undefined for an agent whose clock was never probed, or before any T0. */
export interface Clocks {
  afterT0(agent: string, agentNs: bigint): Instant | undefined;
  /** Controller's wall clock, ns since 1970. */
  readonly wall: (agent: string, agentNs: bigint) => bigint | undefined;
}

/** An agent with one estimate, before the run or after it, is read by that one throughout. */
export function createClocks(t0: T0 | undefined, before: ClockEstimate[], after: ClockEstimate[]): Clocks {
  const pairs = new Map(pairEstimates(before, after).map((pair) => [pair.agent, pair]));

  function afterT0(agent: string, agentNs: bigint): Instant | undefined {
    const pair = pairs.get(agent);
    if (!pair || !t0) return undefined;
    const { controllerNs, boundNs } = toController(pair.first, pair.second, agentNs);
    return { ns: controllerNs - t0.ns, boundNs };
  }

  return {
    afterT0,
    wall(agent, agentNs) {
      const instant = afterT0(agent, agentNs);
      return instant && t0 && t0.wallNs + instant.ns;
    },
  };
}

/** Agents whose clock was not the same one throughout: their times in the run mean nothing. */
export function jumpedClocks(before: ClockEstimate[], after: ClockEstimate[]): string[] {
  return pairEstimates(before, after)
    .filter(({ first, second }) => second && jumpNs(first, second) > 0n)
    .map(({ agent }) => agent);
}

function pairEstimates(before: ClockEstimate[], after: ClockEstimate[]) {
  const agents = new Set([...before, ...after].map(({ agent }) => agent));
  return [...agents].flatMap((agent) => {
    const of = (estimates: ClockEstimate[]) => estimates.filter((estimate) => estimate.agent === agent);
    const [first, second] = [...of(before), ...of(after)];
    return first ? [{ agent, first, second }] : [];
  });
}
