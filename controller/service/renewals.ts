import { AGENT_LIFE_MS } from "@salvo/shared/identity/life.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import type { Channels, ExpectedAgent, RenewOptions } from "./channels.ts";

/** The certificates of a run's agents: they live for a day, and runs may take a week. Nothing here throws: a run does not fail for that. */
export interface Renewals {
  /** Of an agent that has just answered, before the run begins. */
  first(agent: string): Promise<void>;
  /** After a time without a controller: whose certificate has lapsed in between can be asked again. */
  revive(): Promise<void>;
  /** Looks now and then, until the signal; each agent only while that may be. */
  keep(mayRenew: () => boolean, signal: AbortSignal): Promise<void>;
}

export interface RenewalPace {
  readonly everyMs: number;
  /** What has less of its life left is renewed. */
  readonly leftMs: number;
}

/** What was renewed at the beginning has a third of its life left, so runs of less than six hours are never disturbed. */
const IN_MID_RUN: RenewalPace = { everyMs: 10 * 60 * 1000, leftMs: AGENT_LIFE_MS / 12 };
/** Agents that are gone do not hold up a run that is resumed. */
const REVIVE_MS = 5_000;

export interface RenewalsDeps {
  readonly channels: Channels;
  readonly agents: readonly ExpectedAgent[];
  /** ms since 1970. */
  readonly wallMs: () => number;
  readonly logger: Logger;
  readonly pace?: RenewalPace | undefined;
}

export function openRenewals({ channels, agents, wallMs, logger, pace = IN_MID_RUN }: RenewalsDeps): Renewals {
  async function renew(agent: ExpectedAgent, options: RenewOptions = {}): Promise<void> {
    try {
      if (await channels.renewWhenDue(agent, wallMs(), options)) logger.debug({ agent: agent.id }, "renewed");
    } catch (error) {
      if (!options.signal?.aborted)
        logger.warn({ agent: agent.id, error }, "the agent's certificate could not be renewed");
    }
  }

  return {
    async first(id) {
      const agent = agents.find((each) => each.id === id);
      if (agent) await renew(agent);
    },
    async revive() {
      using signal = deadline(REVIVE_MS, "connecting with agents");
      const connect = async (agent: ExpectedAgent) => {
        try {
          await channels.connect(agent, { deadlineMs: REVIVE_MS, signal });
        } catch (error) {
          logger.debug({ agent: agent.id, error }, "not reached when the run was resumed");
        }
      };
      await Promise.all(agents.map(connect));
    },
    async keep(mayRenew, signal) {
      while (await hasPassed(pace.everyMs, signal))
        // One after another: they are due together, and none is in a hurry.
        for (const agent of agents)
          if (mayRenew() && !signal.aborted) await renew(agent, { leftMs: pace.leftMs, signal });
    },
  };
}

/** False when the signal was first. */
async function hasPassed(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, { signal }).catch(() => {}); // the signal says it as well
  return !signal.aborted;
}
