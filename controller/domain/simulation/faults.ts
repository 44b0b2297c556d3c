import type { SimulatedAgent } from "./agent.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

interface Place {
  readonly agents: readonly SimulatedAgent[];
  /** Agents that the network does not reach. */
  readonly cut: Set<string>;
  readonly timeline: Timeline;
  readonly random: Random;
  readonly log: (text: string) => void;
  /** Faults begin in the first half of this time. */
  readonly untilMs: number;
}

/** Devices that become others while a run is made ready, most often between the look at them and Arm. */
export function plantStaleDevices({ agents, timeline, random, log }: Place): void {
  for (const agent of agents) {
    if (!random.chance(0.15)) continue;
    timeline.at(random.between(0, random.chance(0.7) ? 10 : 4_000), () => {
      log(`the device of ${agent.id} is exchanged`);
      agent.device = `${agent.id}, exchanged`;
    });
  }
}

/** Agents that crash and come back, and networks that are cut and mended. */
export function plantAgentFaults({ agents, cut, timeline, random, log, untilMs }: Place): void {
  for (const agent of agents) {
    if (random.chance(0.25)) {
      const atMs = random.between(0, untilMs * 0.5);
      timeline.at(atMs, () => {
        log(`${agent.id} crashes`);
        agent.crash();
      });
      // Some stay away for longer than anybody waits. No draw of its own: old seeds keep their worlds.
      const awayMs = random.between(100, 8000);
      timeline.at(atMs + (awayMs > 7600 ? awayMs * 5 : awayMs), () => {
        log(`${agent.id} restarts`);
        agent.restart();
      });
    }
    if (random.chance(0.2)) {
      const atMs = random.between(0, untilMs * 0.5);
      timeline.at(atMs, () => cut.add(agent.id));
      timeline.at(atMs + random.between(50, 8000), () => {
        cut.delete(agent.id);
        agent.mendedMs = timeline.nowMs();
      });
    }
  }
}
