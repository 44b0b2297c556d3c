import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { msToNs, NS_PER_MS, type Nanos } from "@salvo/shared/kernel/time.ts";

/**
 * T0 is this far away when Fire is sent, or five times the worst round trip when that is more, within reason. An agent whose host has
 * stood still for half a second, as emulated ones do, still hears of it in time.
 */
export const FIRE_MARGIN_MS = 1000;
const WORST_RTT_MS_MAX = 500;
/** All agents must have acknowledged Fire this long before T0. */
export const ACK_MARGIN_MS = 100;

export interface T0Facts {
  /** Of every agent the worst round trip. */
  readonly rttsNs: readonly bigint[];
  /** How long before T0 agents must know of it. */
  readonly noticesMs: readonly number[];
  /** How long it takes to write the decision down, which comes before any agent hears of it. */
  readonly writingNs: Nanos;
}

/** The instant of the start, decided at nowNs. */
export function chooseT0({ rttsNs, noticesMs, writingNs }: T0Facts, nowNs: Nanos): Nanos {
  const limitNs = msToNs(WORST_RTT_MS_MAX);
  const slowestNs = rttsNs.reduce((worst, rttNs) => (rttNs > worst ? rttNs : worst), 0n);
  const worstRttNs = slowestNs < limitNs ? slowestNs : limitNs;
  const farNs = worstRttNs * 5n + writingNs * 3n + msToNs(greatest(noticesMs, ACK_MARGIN_MS));
  const marginNs = msToNs(FIRE_MARGIN_MS);
  const t0Ns = nowNs + (farNs > marginNs ? farNs : marginNs);
  // A whole millisecond is easier on the eye in every table that shows it.
  return t0Ns - (t0Ns % NS_PER_MS) + NS_PER_MS;
}
