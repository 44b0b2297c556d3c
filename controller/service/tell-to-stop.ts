import type { AgentService } from "@salvo/proto/agent_pb.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { sleep } from "@salvo/shared/kernel/signal.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import type { Reach } from "./reach.ts";

/** Between two attempts to stop an agent that does not hear. */
const STOP_AGAIN_MS = 200;
const ANSWER_MS = 1_900;
/** What fio said may be in a reason. An agent refuses a text over its limit, and an abort must never be refused. */
const REASON_CHARS_MAX = 20_000;

export interface Telling {
  readonly client: Client<typeof AgentService>;
  readonly run: string;
  readonly reason: string;
  readonly signal: AbortSignal;
  readonly reach?: Reach | undefined;
}

/** Until the agent hears, or the signal: a connection that breaks now must not leave fio at work. */
export async function tellToStop({ client, run, reason, signal, reach }: Telling): Promise<void> {
  for (;;) {
    try {
      await client.abort({ run, reason: shortened(reason) }, { deadlineMs: ANSWER_MS, signal });
      return;
    } catch (error) {
      const { kind } = toSalvoError(error);
      if (kind === "not-found") return; // it never came so far as to have the run
      if (kind !== "unavailable" && kind !== "timeout") throw error;
      await reach?.failed({ signal });
    }
    await sleep(STOP_AGAIN_MS, { signal });
  }
}

function shortened(reason: string): string {
  return reason.length <= REASON_CHARS_MAX ? reason : `${reason.slice(0, REASON_CHARS_MAX).toWellFormed()}...`;
}
