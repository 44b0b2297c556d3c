import type { AgentService, ProbeClockResponse } from "@salvo/proto/agent_pb.ts";
import { estimate, PINGS_MIN, type Ping, type ProbedClock } from "@salvo/shared/clock/estimate.ts";
import { createChannel } from "@salvo/shared/kernel/channel.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, type Waiting } from "@salvo/shared/kernel/signal.ts";
import { type Clock, msToNs, type Nanos, NS_PER_MS } from "@salvo/shared/kernel/time.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";

/** The first exchanges of a stream also warm it up; they cost little and are rarely the best. */
const PINGS = PINGS_MIN + 16;
/** On a slow or busy host one of many is quick: it is asked on until the clock is known to this, as long as that. */
const GOOD_RTT_NS = 1n * NS_PER_MS;
const MORE_MS = 1_500;
const PROBE_MS = 10_000;

/**
 * One ping at a time over one quiet stream: two in flight would delay each other. When a ping was sent is our own
 * to know: an agent that could say it could have itself looked at long ago. Throws `corrupt` for answers that cannot be right.
 */
export async function probeClock(
  client: Client<typeof AgentService>,
  clock: Clock,
  { signal }: Waiting = {},
): Promise<ProbedClock> {
  const requests = createChannel<{ sentNs: bigint }>();
  const pings: Ping[] = [];
  let sentNs: Nanos = 0n;
  const ask = () => {
    sentNs = clock.now();
    requests.push({ sentNs });
  };
  signal?.throwIfAborted();
  const untilNs = clock.now() + msToNs(MORE_MS);
  let bestNs: Nanos | undefined;
  ask();
  using _ = { [Symbol.dispose]: () => requests.close() };
  using within = deadline(PROBE_MS, "probing the clock", signal);
  for await (const answer of client.probeClock(requests, { signal: within })) {
    const returnedNs = clock.now();
    const { receivedNs, answeredNs } = answer;
    checkAnswer(answer, sentNs);
    pings.push({ sentNs, receivedNs, answeredNs, returnedNs });
    const rttNs = returnedNs - sentNs - (answeredNs - receivedNs);
    if (bestNs === undefined || rttNs < bestNs) bestNs = rttNs;
    if (pings.length >= PINGS && (bestNs <= GOOD_RTT_NS || returnedNs >= untilNs)) break;
    ask();
  }
  return estimate(pings);
}

/** 73 years after a host was started: later times leave no room to reckon with, in 64 bits. */
const NS_MAX = 2n ** 61n;

function checkAnswer({ sentNs, receivedNs, answeredNs }: ProbeClockResponse, askedNs: Nanos): void {
  if (sentNs !== askedNs)
    throw new SalvoError("corrupt", `the agent answers a ping of ${sentNs} ns, and the last one was of ${askedNs} ns`);
  for (const ns of [receivedNs, answeredNs])
    if (ns < 0n || ns > NS_MAX)
      throw new SalvoError("corrupt", `the agent's clock shows ${ns} ns, which no clock does`);
}
