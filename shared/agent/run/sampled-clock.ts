import type { ClockEstimate } from "../../clock/estimate.ts";
import type { Waiting } from "../../kernel/signal.ts";
import type { Nanos } from "../../kernel/time.ts";
import { estimateHostClock } from "../sampler/host-clock.ts";
import type { RunContext } from "./context.ts";

/** While a run is armed there is time; at its end an abort waits for it. */
const BEFORE_MS_MAX = 20_000;
export const AFTER_MS_MAX = 2_000;

type ClockContext = Pick<RunContext, "platform" | "clock" | "keep">;

/**
 * Before T0: the agent's clock less the sampled host's, by which all its readings are brought onto the agent's clock; kept in the
 * journal. 0 for an agent that samples its own host.
 */
export async function agentLessHostNs(context: ClockContext, waiting: Waiting): Promise<Nanos> {
  return (await keepHostClock(context, BEFORE_MS_MAX, waiting))?.offsetNs ?? 0n;
}

/** Undefined for an agent that samples its own host. Throws `unavailable`. */
export async function keepHostClock(
  { platform, clock, keep }: ClockContext,
  withinMs: number,
  waiting?: Waiting,
): Promise<ClockEstimate | undefined> {
  if (!platform.hostClock) return undefined;
  const estimated = await estimateHostClock(platform.hostClock, clock, withinMs, waiting);
  const { atNs, offsetNs, boundNs, pings, rttNs } = estimated;
  // The record is the other way round: host time = agent time + offset.
  keep({ case: "hostClock", value: { atNs, offsetNs: 0n - offsetNs, boundNs, pings, rttNs } });
  return estimated;
}
