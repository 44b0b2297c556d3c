import { SalvoError } from "../kernel/error.ts";
import type { Nanos } from "../kernel/time.ts";

/** One exchange: sent and returned on the controller's clock, received and answered on the agent's. */
export interface Ping {
  readonly sentNs: Nanos;
  readonly receivedNs: Nanos;
  readonly answeredNs: Nanos;
  readonly returnedNs: Nanos;
}

/** Controller time = agent time + offsetNs, wrong by at most boundNs, at atNs on the controller's clock. */
export interface ClockEstimate {
  readonly offsetNs: Nanos;
  readonly boundNs: Nanos;
  /** The time on the wire of the ping that this comes from. */
  readonly rttNs: Nanos;
  readonly atNs: Nanos;
  readonly pings: number;
}

export interface ProbedClock extends ClockEstimate {
  /** Of the slowest ping, the first ones left out: how long a call may take at all. */
  readonly slowestNs: Nanos;
}

/** Fewer may all have met a busy moment. */
export const PINGS_MIN = 64;
/** The first exchanges of a stream are slow. */
const WARM_UP = 16;

/**
 * The offset by the ping that was least delayed. The request reached the agent after it was sent and the answer came after
 * it left, so the offset lies between sent - received and returned - answered; nothing is assumed about how the delay
 * divides between the two ways. It holds at the moment the request was received, which is atNs. Drift between received and
 * answered is taken to be less than the time on the wire: at 200 ppm, 1 ms in the agent shifts it by 200 ns.
 *
 * Throws `invalid-input` for fewer than PINGS_MIN pings, or for one whose stamps contradict each other.
 */
export function estimate(pings: readonly Ping[]): ProbedClock {
  const [first] = pings;
  if (!first || pings.length < PINGS_MIN)
    throw new SalvoError(
      "invalid-input",
      `a clock estimate needs at least ${PINGS_MIN} pings, and there are ${pings.length}`,
    );
  let best = first;
  let slowestNs: Nanos = 0n;
  for (const [index, ping] of pings.entries()) {
    const rttNs = rtt(ping);
    if (ping.answeredNs < ping.receivedNs || rttNs < 0n)
      throw new SalvoError(
        "invalid-input",
        `a ping's stamps contradict each other: sent ${ping.sentNs}, received ${ping.receivedNs}, ` +
          `answered ${ping.answeredNs}, returned ${ping.returnedNs}`,
        { remedy: "A host was suspended or its clock is broken; measure again" },
      );
    if (rttNs < rtt(best)) best = ping;
    if (index >= WARM_UP && rttNs > slowestNs) slowestNs = rttNs;
  }
  const rttNs = rtt(best);
  const offsetNs = best.sentNs - best.receivedNs + rttNs / 2n;
  const atNs = best.receivedNs + offsetNs;
  return { offsetNs, boundNs: (rttNs + 1n) / 2n, rttNs, slowestNs, atNs, pings: pings.length };
}

function rtt({ sentNs, receivedNs, answeredNs, returnedNs }: Ping): Nanos {
  return returnedNs - sentNs - (answeredNs - receivedNs);
}
