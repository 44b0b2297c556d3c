import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import {
  beginRun,
  type RunEffect,
  type RunEvent,
  type RunState,
  step as realStep,
  WATCH_DUE_MS,
} from "@salvo/shared/agent/domain/run-machine.ts";
import { planRefused } from "@salvo/shared/agent/domain/plan-hash.ts";
import type { RunPlan } from "@salvo/shared/agent/domain/run-plan.ts";
import { fioRuntimeMs, observes } from "@salvo/shared/agent/domain/run-plan.ts";
import { msToNs, nsToMs } from "@salvo/shared/kernel/time.ts";
import type { Random } from "./random.ts";
import type { Timeline } from "./timeline.ts";

export type AgentStep = typeof realStep;

/** An agent's host in the simulated world: the real run machine, with fio, clock, disk and crashes made up. */
export interface SimulatedAgent {
  readonly id: string;
  alive: boolean;
  /** True instants at which its gates opened. */
  readonly openedAtMs: number[];
  /** The longest that its fio was at work in one go, ms. */
  longestMs: number;
  /** The longest that it was down, ms. */
  longestAwayMs: number;
  /** Of its last crash. */
  awaySinceMs: number;
  /** When the way to it was last mended. */
  mendedMs: number;
  /** It has accepted a T0. */
  committed: boolean;
  /** What its device is: the hash that it describes it by. */
  device: string;
  /** Its gates were opened on another device than the run was planned for. */
  wroteElsewhere: boolean;
  /** Its fio is doing I/O now. */
  writing: boolean;
  /** Ticks of its plan that it has not sampled since its gates opened. */
  ticksLeft: number;
  /** It takes part without fio. */
  readonly observer: boolean;
  readonly state: RunState | undefined;
  /** What its journal holds after a crash: undefined when it never armed, or was released. */
  held(): { outcome: Outcome; reason: string; started: boolean } | "active" | undefined;
  /** Throws `refused` when its device is not the one that was planned. */
  arm(plan: RunPlan, onChange: () => void): void;
  tell(event: RunEvent): void;
  release(): void;
  crash(): void;
  restart(): void;
  /** The agent's clock at a true instant, ns, and back. */
  clockNs(trueMs: number): bigint;
}

/** When it compares its device with the one that was planned: as it should, or, to find out whether that is missed, less. */
export type Looks = "twice" | "at-arm" | "never";

/** Everything but parking is done so long after Arm. */
const PREPARED_MS = 150;

export interface AgentFaults {
  /** fio does not reach its gate, fails there, or fails in mid-run. */
  /** Its disk may take so long to note T0 that it is past. */
  readonly missesT0: boolean;
  readonly fio: "none" | "never-parks" | "fails-parked" | "fails-running" | "hangs";
}

export function createAgent(
  id: string,
  plan: {
    timeline: Timeline;
    random: Random;
    faults: AgentFaults;
    observer?: boolean;
    step?: AgentStep;
    looks?: Looks | undefined;
  },
): SimulatedAgent {
  const { timeline, random, faults, observer = false, step = realStep, looks = "twice" } = plan;
  const offsetMs = random.between(-1e6, 1e6);
  const drift = 1 + random.between(-200e-6, 200e-6);
  const openedAtMs: number[] = [];
  let state: RunState | undefined;
  let ended: { outcome: Outcome; reason: string } | undefined;
  let onChange = () => {};
  /** What belongs to a life of the agent does nothing in the next one. */
  let life = 0;
  let killed = false;

  const clockNs = (trueMs: number) => msToNs(offsetMs + 5e6 + trueMs * drift);
  const trueMsOf = (ns: bigint) => (nsToMs(ns) - offsetMs - 5e6) / drift;

  const agent: SimulatedAgent = {
    id,
    alive: true,
    openedAtMs,
    longestMs: 0,
    longestAwayMs: 0,
    awaySinceMs: 0,
    mendedMs: 0,
    committed: false,
    device: `${id}, as it was`,
    wroteElsewhere: false,
    writing: false,
    ticksLeft: 0,
    observer,
    get state() {
      return state;
    },
    held: () => (ended ? { ...ended, started: openedAtMs.length > 0 } : state ? "active" : undefined),
    arm(runPlan, changed) {
      if (looks !== "never" && isStale(runPlan)) throw planRefused(`the device of ${id} is another one`);
      state = beginRun(runPlan);
      ended = undefined;
      killed = false;
      onChange = changed;
      for (const { id: participant } of runPlan.participants) {
        if (faults.fio === "never-parks") continue;
        for (let job = 0; job < runPlan.workload.jobs; job++)
          soon(random.between(200, 900), () => tell({ type: "parked", participant }));
        if (faults.fio === "fails-parked")
          soon(random.between(100, 1500), () => exit(participant, "fio exited with 1"));
      }
      soon(PREPARED_MS, () => tell({ type: "prepared" }));
    },
    tell,
    release() {
      state = undefined;
      ended = undefined;
    },
    crash() {
      agent.awaySinceMs = timeline.nowMs();
      agent.alive = false;
      stopWriting(); // fio dies with its agent
      life++;
      // The journal was opened when the run was armed; without RunEnd a restart calls it interrupted.
      if (state && !ended)
        ended = { outcome: Outcome.INTERRUPTED, reason: "the agent was ended in the middle of the run" };
      state = undefined;
    },
    restart() {
      agent.longestAwayMs = Math.max(agent.longestAwayMs, timeline.nowMs() - agent.awaySinceMs);
      agent.alive = true;
    },
    clockNs,
  };

  function isStale({ participants }: RunPlan): boolean {
    return participants.some(({ deviceHash }) => deviceHash !== agent.device);
  }

  function soon(ms: number, what: () => void): void {
    const born = life;
    timeline.after(ms, () => {
      if (born === life && agent.alive) what();
    });
  }

  /** Throws what the machine refuses. */
  function tell(event: RunEvent): void {
    if (!state) return;
    const decided = step(state, event);
    const changed = decided.state !== state;
    state = decided.state;
    for (const effect of decided.effects) perform(effect);
    if (changed) onChange();
  }

  function exit(participant: string, problem: string): void {
    if (!state || state.exited.has(participant)) return;
    stopWriting();
    tell({ type: "exited", participant, problem });
  }

  function stopWriting(): void {
    if (agent.writing) agent.longestMs = Math.max(agent.longestMs, timeline.nowMs() - (openedAtMs.at(-1) ?? 0));
    agent.writing = false;
  }

  function perform(effect: RunEffect): void {
    const now = state;
    if (!now) return;
    switch (effect.type) {
      case "await-watcher":
        soon(WATCH_DUE_MS, () => tell({ type: "watch-due" }));
        break;
      case "wait-for-t0":
        agent.committed = true;
        waitForT0(trueMsOf(effect.t0Ns));
        break;
      case "open-gates":
        open(now.plan);
        break;
      case "kill":
        killed = true;
        for (const { id: participant } of now.plan.participants)
          soon(random.between(1, 30), () => exit(participant, "fio was ended by SIGKILL"));
        break;
      case "end":
        ended = { outcome: effect.outcome, reason: effect.reason };
        break;
      case "sample":
        agent.ticksLeft--;
        break;
      case "note":
      case "make-durable":
      case "prove-start":
        break;
    }
  }

  /** Now and then a disk or a host is so busy that the instant is missed. */
  function waitForT0(t0Ms: number): void {
    const missedMs = faults.missesT0 && random.chance(0.05) ? random.between(0, 1_500) : random.between(0, 0.4);
    const atMs = Math.max(t0Ms, timeline.nowMs()) + missedMs;
    soon(atMs - timeline.nowMs(), () => {
      if (state && looks === "twice" && isStale(state.plan))
        return tell({ type: "abort", reason: "the device was exchanged after it was armed" });
      if (!killed) tell({ type: "due", lateMs: timeline.nowMs() - t0Ms });
    });
  }

  function open(runPlan: RunPlan): void {
    openedAtMs.push(timeline.nowMs());
    agent.wroteElsewhere ||= isStale(runPlan);
    agent.writing = !observes(runPlan);
    agent.ticksLeft = runPlan.ticks;
    const lengthMs = fioRuntimeMs(runPlan.workload);
    for (let tick = 1; tick <= runPlan.ticks; tick++)
      soon(tick * runPlan.intervalMs, () => tell({ type: "tick", tick }));
    soon(lengthMs + 10_000, () => tell({ type: "overdue" }));
    for (const { id: participant } of runPlan.participants) {
      if (faults.fio === "fails-running")
        soon(random.between(1, lengthMs), () => exit(participant, "fio exited with 1"));
      else if (faults.fio !== "hangs") soon(lengthMs + random.between(0, 20), () => exit(participant, ""));
    }
  }

  return agent;
}

export function chooseFaults(random: Random): AgentFaults {
  const kinds = ["never-parks", "fails-parked", "fails-running", "hangs"] as const;
  return {
    missesT0: true,
    fio: random.chance(0.12) ? (kinds[Math.floor(random.between(0, kinds.length))] ?? "none") : "none",
  };
}
