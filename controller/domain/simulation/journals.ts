/** What agents of the simulated world hold when a run has ended, and how long it takes to send it: now and then much longer than anybody waits. */
import type { SimulatedAgent } from "./agent.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export interface Journals {
  /** Agents whose journal was sent whole. */
  readonly collected: ReadonlySet<string>;
  /** Goes on where it broke off before. */
  send(agent: SimulatedAgent, to: Receiver): void;
}

export interface Receiver {
  readonly reachable: () => boolean;
  /** Something new has come. */
  readonly heard: () => void;
  readonly done: () => void;
  readonly broke: () => void;
}

/** As often as the controller tells of new records; and how long it takes to see that the agent is gone. */
export const HEARD_EVERY_MS = 2_000;

export function createJournals(agents: readonly SimulatedAgent[], timeline: Timeline, random: Random): Journals {
  const collected = new Set<string>();
  const leftMs = new Map(agents.map(({ id }) => [id, random.chance(0.15) ? random.between(1_000, 45_000) : 0]));
  return {
    collected,
    send(agent, { reachable, heard, done, broke }) {
      const go = () => {
        if (!agent.alive || !reachable()) return broke();
        const left = leftMs.get(agent.id) ?? 0;
        if (left === 0) {
          collected.add(agent.id);
          return done();
        }
        const now = Math.min(left, HEARD_EVERY_MS);
        heard();
        timeline.after(now, () => {
          leftMs.set(agent.id, left - now);
          go();
        });
      };
      go();
    },
  };
}
