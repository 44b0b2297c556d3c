import type { AgentService } from "@salvo/proto/agent_pb.ts";
import { type ClockEstimate, estimate, PINGS_MIN, type Ping } from "@salvo/shared/clock/estimate.ts";
import { createChannel } from "@salvo/shared/kernel/channel.ts";
import { deadline, type Waiting } from "@salvo/shared/kernel/signal.ts";
import type { Clock } from "@salvo/shared/kernel/time.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";

/** The first exchanges of a stream also warm it up; they cost little and are rarely the best. */
const PINGS = PINGS_MIN + 16;
const PROBE_MS = 10_000;

/** One ping at a time over one quiet stream: two in flight would delay each other. */
export async function probeClock(
  client: Client<typeof AgentService>,
  clock: Clock,
  { signal }: Waiting = {},
): Promise<ClockEstimate> {
  const requests = createChannel<{ sentNs: bigint }>();
  const pings: Ping[] = [];
  const ask = () => requests.push({ sentNs: clock.now() });
  signal?.throwIfAborted();
  ask();
  using _ = { [Symbol.dispose]: () => requests.close() };
  for await (const { sentNs, receivedNs, answeredNs } of client.probeClock(requests, {
    signal: deadline(PROBE_MS, "probing the clock", signal),
  })) {
    pings.push({ sentNs, receivedNs, answeredNs, returnedNs: clock.now() });
    if (pings.length === PINGS) break;
    ask();
  }
  return estimate(pings);
}
