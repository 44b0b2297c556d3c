import type { ClockEstimate } from "@salvo/proto/run_pb.ts";
import { jumpNs, offsetAt, toController } from "@salvo/shared/clock/offset.ts";

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

/** How well an agent's clock was known in a run, at the worst instant of it. */
export interface KnownClock {
  readonly agent: string;
  readonly boundNs: bigint;
  /** The part of the bound that the clock of the host adds, where the agent samples another host. */
  readonly hostNs: bigint;
  /** Of the slower of its estimates. */
  readonly rttNs: bigint;
  /** It was looked at once only, so the bound grows by what the clock may have drifted until the far end of the run. */
  readonly once: boolean;
}

/** `endNs`: the end of the run, ns after T0. Before any T0 the estimates themselves are all there is. */
export function knownClocks(
  t0: T0 | undefined,
  before: ClockEstimate[],
  after: ClockEstimate[],
  endNs: bigint,
): KnownClock[] {
  return pairEstimates(before, after).map(({ agent, first, second }) => {
    const rttNs = second && second.rttNs > first.rttNs ? second.rttNs : first.rttNs;
    const ends = t0 ? [t0.ns, t0.ns + endNs] : [first.atNs];
    const at = ends.map((controllerNs) => offsetAt(first, second, { controllerNs }).boundNs);
    const bounds = [first.boundNs, ...(second ? [second.boundNs] : at)];
    return {
      agent,
      rttNs,
      once: !second,
      hostNs: 0n,
      boundNs: bounds.reduce((worst, each) => (each > worst ? each : worst), 0n),
    };
  });
}

function pairEstimates(before: ClockEstimate[], after: ClockEstimate[]) {
  const agents = new Set([...before, ...after].map(({ agent }) => agent));
  return [...agents].flatMap((agent) => {
    const of = (estimates: ClockEstimate[]) => estimates.filter((estimate) => estimate.agent === agent);
    const [first, second] = [...of(before), ...of(after)];
    return first ? [{ agent, first, second }] : [];
  });
}
