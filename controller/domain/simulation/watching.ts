/** The controller's watches in the simulated world, as service/watch.ts keeps them. */
import type { ConductorEvent } from "../conductor-events.ts";
import type { SimulatedAgent } from "./agent.ts";
import type { Timeline } from "./timeline.ts";

const SILENCE_MS = 5_000;
/** By then a host has said several times that nobody listens. */
const REFUSED_MS = 600;
const LOOK_MS = 250;

export type Unstamped<T> = T extends unknown ? Omit<T, "atNs"> : never;

interface Place {
  readonly timeline: Timeline;
  /** Agents that the network does not reach. */
  readonly cut: ReadonlySet<string>;
  readonly latencyMs: () => number;
  /** Of the controller; undefined while there is none. */
  readonly life: () => number | undefined;
  readonly isBeforeT0: () => boolean;
  readonly hasStarted: (id: string) => boolean;
  readonly emit: (event: Unstamped<ConductorEvent>) => void;
}

export interface Watching {
  /** A stream of the agent's states, that breaks when either end or the way between them does. */
  watch(agent: SimulatedAgent): void;
  /** An agent's state is another one: its open watch is told. */
  changed(id: string): void;
  /** The controller is gone: the kernel closes its ends, and the agents see it. */
  close(): void;
}

export function createWatching({ timeline, cut, latencyMs, life, isBeforeT0, hasStarted, emit }: Place): Watching {
  let closings: (() => void)[] = [];
  const changes = new Map<string, () => void>();

  function watch(agent: SimulatedAgent): void {
    const { id } = agent;
    const born = life();
    let heardMs = timeline.nowMs();
    let refusedMs: number | undefined;
    let troubled = false;
    let open = false;
    let over = false;

    const tellWatchers = (count: number) => {
      if (agent.alive && agent.held() === "active") agent.tell({ type: "watchers", count });
    };
    const hear = () => {
      const held = agent.held();
      if (over || born !== life() || held === undefined) return;
      heardMs = timeline.nowMs();
      if (held === "active" && agent.state?.started && !hasStarted(id)) emit({ type: "started", agent: id });
      if (held !== "active") {
        over = true;
        return emit({ type: "ended", agent: id, ...held });
      }
      if (agent.state?.reason && !troubled) {
        troubled = true;
        emit({ type: "trouble", agent: id, reason: agent.state.reason });
      }
    };
    const isLost = () => {
      refusedMs = agent.alive || cut.has(id) ? undefined : (refusedMs ?? timeline.nowMs());
      const refused = refusedMs !== undefined && timeline.nowMs() - refusedMs >= REFUSED_MS;
      const gone = agent.alive && !cut.has(id) && agent.held() === undefined;
      return isBeforeT0() || gone || refused || timeline.nowMs() - heardMs > SILENCE_MS;
    };
    const look = () => {
      if (over) return;
      if (born !== life()) {
        over = true;
        changes.delete(id);
        return;
      }
      if (agent.alive && !cut.has(id) && agent.held() !== undefined) {
        if (!open) {
          open = true;
          tellWatchers(1);
          changes.set(id, () => timeline.after(latencyMs(), hear));
        }
        refusedMs = undefined;
        hear();
      } else {
        if (open) timeline.after(latencyMs(), () => tellWatchers(0));
        open = false;
        changes.delete(id);
        if (isLost()) {
          over = true;
          return emit({ type: "lost", agent: id, reason: "nothing is heard of it" });
        }
      }
      timeline.after(LOOK_MS, look);
    };
    closings.push(() => {
      if (open) timeline.after(latencyMs(), () => tellWatchers(0));
    });
    look();
  }

  return {
    watch,
    changed: (id) => changes.get(id)?.(),
    close() {
      for (const close of closings) close();
      closings = [];
    },
  };
}
