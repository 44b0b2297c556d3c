import type { Waiting } from "@salvo/shared/kernel/signal.ts";
import { refusesConnections } from "@salvo/shared/rpc/refusal.ts";

/** Whether an agent can be reached while it is collected from, told to the conductor: seldom, as every event is written down. */
export interface Reach {
  /** A record came that was new. */
  recorded(): void;
  answered(): void;
  /** Nothing is missing of its records, although it was not asked. */
  whole(): void;
  /** A call could not be made: asks why. */
  failed(waiting: Waiting): Promise<void>;
}

export interface ReachOptions {
  /** host:port */
  readonly address: string;
  readonly nowMs: () => number;
  readonly tell: (type: "heard" | "refused" | "whole") => void;
}

const TELL_EVERY_MS = 2_000;

export function createReach({ address, nowMs, tell }: ReachOptions): Reach {
  let refused = false;
  let whole = false;
  let toldMs = -Infinity;

  function heard(): void {
    refused = false;
    toldMs = nowMs();
    tell("heard");
  }

  return {
    recorded() {
      if (refused || nowMs() - toldMs >= TELL_EVERY_MS) heard();
    },
    answered() {
      if (refused) heard();
    },
    whole() {
      if (!whole) tell("whole");
      whole = true;
    },
    async failed(waiting) {
      const refuses = await refusesConnections(address, waiting);
      if (refuses === refused || waiting.signal?.aborted) return;
      if (!refuses) return heard(); // somebody listens again, and gRPC will try again in a moment
      refused = true;
      tell("refused");
    },
  };
}
