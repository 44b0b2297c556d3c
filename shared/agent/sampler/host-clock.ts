import { type ClockEstimate, estimate, type Ping, PINGS_MIN } from "../../clock/estimate.ts";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import { deadline, unlessAborted, type Waiting } from "../../kernel/signal.ts";
import type { Clock } from "../../kernel/time.ts";

/** The clock of the host that an agent samples from elsewhere. */
export interface HostClock {
  /** Asks the host for its time. A host that can tell only one instant gives it as both. */
  ask(waiting: Waiting): Promise<Pick<Ping, "receivedNs" | "answeredNs">>;
}

/** The first exchanges of a connection are slow: a quarter more than an estimate needs. */
const PINGS = PINGS_MIN + PINGS_MIN / 4;

/**
 * Agent time = host time + offsetNs, wrong by at most boundNs. Throws `unavailable` when the host does not answer within `withinMs`,
 * or answers what cannot be.
 */
export async function estimateHostClock(
  hostClock: HostClock,
  clock: Clock,
  withinMs: number,
  { signal }: Waiting = {},
): Promise<ClockEstimate> {
  using limit = deadline(withinMs, `${PINGS} questions for the host's time`, signal);
  try {
    const pings: Ping[] = [];
    while (pings.length < PINGS) {
      const sentNs = clock.now();
      const { receivedNs, answeredNs } = await unlessAborted(hostClock.ask({ signal: limit }), limit);
      pings.push({ sentNs, receivedNs, answeredNs, returnedNs: clock.now() });
    }
    return estimate(pings);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new SalvoError(
      "unavailable",
      `the clock of the sampled host cannot be read: ${toSalvoError(error).message}`,
      {
        cause: error,
        remedy: "Check that the agent reaches the host that it samples",
      },
    );
  }
}
