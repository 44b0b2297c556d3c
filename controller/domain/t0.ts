import { msToNs, NS_PER_MS, type Nanos } from "@salvo/shared/kernel/time.ts";

/** T0 is this far away when Fire is sent, or five times the worst round trip when that is more. */
export const FIRE_MARGIN_MS = 400;
/** All agents must have acknowledged Fire this long before T0. */
export const ACK_MARGIN_MS = 100;

/**
 * The instant of the start, decided at nowNs from every agent's round trip, and from how long it takes to write the decision
 * down, which comes before any agent hears of it.
 */
export function chooseT0(rttsNs: readonly bigint[], writingNs: Nanos, nowNs: Nanos): Nanos {
  const worstRttNs = rttsNs.reduce((worst, rttNs) => (rttNs > worst ? rttNs : worst), 0n);
  const farNs = worstRttNs * 5n + writingNs * 3n + msToNs(ACK_MARGIN_MS);
  const marginNs = msToNs(FIRE_MARGIN_MS);
  const t0Ns = nowNs + (farNs > marginNs ? farNs : marginNs);
  // A whole millisecond is easier on the eye in every table that shows it.
  return t0Ns - (t0Ns % NS_PER_MS) + NS_PER_MS;
}
