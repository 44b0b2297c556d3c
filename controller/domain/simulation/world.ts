/**
 * One controller and several agents in one process, in virtual time, with a network, clocks and crashes that a seed
 * decides. The conductor and the agents' run machine are the real ones; what is made up is everything around them.
 */
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { msToNs } from "@salvo/shared/kernel/time.ts";
import type { ConductorState } from "../conductor-state.ts";
import { conduct, step as realStep } from "../conductor.ts";
import type { ConductorEffect, ConductorEvent } from "../conductor-events.ts";
import type { Ask } from "../phases.ts";
import { chooseT0 } from "../t0.ts";
import type { AgentStep, Looks, SimulatedAgent } from "./agent.ts";
import type { World } from "./checks.ts";
import { DEADLINES_MS } from "./deadlines.ts";
import { plantAgentFaults, plantStaleDevices } from "./faults.ts";
import { createJournals } from "./journals.ts";
import { createPlans } from "./plans.ts";
import { populate } from "./population.ts";
import { createRandom } from "./random.ts";
import { createTimeline } from "./timeline.ts";
import { createWatching, type Unstamped } from "./watching.ts";

/** Faults come in this stretch only; afterwards everything must come to an end. */
const FAULTS_UNTIL_MS = 20_000;
export const END_MS = 240_000;
export type ConductorStep = typeof realStep;

export interface Mutation {
  readonly agentStep?: AgentStep;
  readonly conductorStep?: ConductorStep;
  readonly looks?: Looks;
}

/** all: as the seed decides. after-t0: nothing but a controller that is killed in mid-run and comes back. */
export type Faults = "all" | "after-t0";

export function simulate(seed: number, mutation: Mutation = {}, which: Faults = "all"): World {
  const random = createRandom(seed);
  /** Of its own, as it came later: old seeds keep their worlds. */
  const randomOfPlans = createRandom(seed + 0x5a1e);
  const timeline = createTimeline();
  const conductorStep = mutation.conductorStep ?? realStep;
  const trace: string[] = [];
  const log = (text: string) => trace.push(`${timeline.nowMs().toFixed(3)} ${text}`);

  const { workload, agents, policies, observerPolicies, plan } = populate({
    random,
    randomOfObservers: createRandom(seed + 0x0b5e),
    timeline,
    withFaults: which === "all",
    looks: mutation.looks,
    step: mutation.agentStep,
  });
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  const agentOf = (id: string) => {
    const agent = byId.get(id);
    if (!agent) throw new Error(`no agent ${id}`);
    return agent;
  };
  const cut = new Set<string>();
  const journals = createJournals(agents, timeline, createRandom(seed + 0xc011));
  const { misled, ...plans } = createPlans(workload, randomOfPlans, log);

  let state = conduct(plan);
  const persisted: ConductorEvent[] = [];
  let life = 0;
  /** The controller's monotonic clock begins here. */
  let bootedAtMs = 0;
  let alive = true;
  let done = false;
  let sealed = 0;
  let t0Ms: number | undefined;
  let abortedAtMs: number | undefined;
  const lostAtMs = new Map<string, number>();
  /** When collecting began, or the last agent was collected from; and the longest wait since then for nobody but the gone. */
  let collectedMs = 0;
  let waitedForGoneMs = 0;
  const archived = new Set<string>();
  let archivedFirst: ReadonlySet<string> = archived;
  const uncommitted: string[] = [];
  const leftWriting: string[] = [];
  const orphaned: { fromMs: number; toMs: number }[] = [];
  const nonce = `nonce-${seed}`;

  // The controller's clock is the true time.
  const nowNs = () => msToNs(timeline.nowMs() - bootedAtMs);

  function emit(event: Unstamped<ConductorEvent>): void {
    const stamped = { ...event, atNs: nowNs() } as ConductorEvent; // the union's members all have atNs
    const born = life;
    // What happened counts once it is on the disk; a crash before that forgets it.
    timeline.after(random.between(0.1, 3), () => {
      if (born !== life || !alive || done) return;
      persisted.push(stamped);
      act(stamped);
    });
  }

  function act(event: ConductorEvent): void {
    const decided = conductorStep(state, event);
    if (event.type === "resumed" || (event.type === "did" && event.what === "collect")) collectedMs = timeline.nowMs();
    if (decided.state.phase !== state.phase) {
      if (state.phase === "collecting") noteWait(decided.state);
      if (decided.state.phase === "collecting") collectedMs = timeline.nowMs();
      log(`conductor ${state.phase} -> ${decided.state.phase} ${decided.state.aborted ?? ""}`);
    }
    if (decided.state.phase === "running" && state.phase === "firing") {
      for (const { id, committed } of agents)
        if (!committed && decided.state.agents.get(id)?.lost === undefined) uncommitted.push(id);
    }
    state = decided.state;
    const atMs = Number(event.atNs) / 1e6 + bootedAtMs;
    if (state.aborted !== undefined) abortedAtMs ??= atMs;
    for (const [id, { lost }] of state.agents) if (lost !== undefined && !lostAtMs.has(id)) lostAtMs.set(id, atMs);
    if (state.t0Ns !== undefined) t0Ms ??= Number(state.t0Ns) / 1e6;
    for (const effect of decided.effects) perform(effect);
  }

  /** Collecting is over: how long it went on for agents only that were known to be gone. */
  function noteWait({ agents: known }: ConductorState): void {
    const gone = agents.filter(({ id }) => known.get(id)?.uncollected !== undefined);
    if (gone.length === 0 || gone.some(({ id, alive: up }) => up || cut.has(id))) return;
    const since = greatest(
      gone.flatMap(({ awaySinceMs, mendedMs }) => [awaySinceMs, mendedMs]),
      collectedMs,
    );
    waitedForGoneMs = Math.max(waitedForGoneMs, timeline.nowMs() - since);
  }

  function perform(effect: ConductorEffect): void {
    switch (effect.type) {
      case "ask":
        return ask(effect);
      case "watch":
        return watch(effect.agent);
      case "timer": {
        const born = life;
        timeline.at(Number(effect.atNs) / 1e6 + bootedAtMs, () => {
          if (born === life) emit({ type: "timer", name: effect.name });
        });
        return;
      }
      case "choose-t0":
        return emit({ type: "t0", t0Ns: chooseT0({ ...effect, noticesMs: [], writingNs: msToNs(3) }, nowNs()) });
      case "seal":
        sealed++;
        for (const [id, agent] of state.agents) if (agent.collected) archived.add(id);
        if (sealed === 1) archivedFirst = new Set(archived);
        return emit({ type: "sealed" });
      case "done":
        done = true;
        // Somebody types salvo resume, later.
        if (sealed === 1 && [...state.agents.values()].some((agent) => agent.uncollected !== undefined))
          timeline.after(30_000, () => {
            done = false;
            emit({ type: "again" });
          });
        if (state.aborted === undefined || sealed > 1) return;
        for (const { id, alive: up, writing } of agents) if (up && writing && !cut.has(id)) leftWriting.push(id);
    }
  }

  /** A call: there and back again, each way late or lost. */
  function ask(effect: ConductorEffect & { type: "ask" }): void {
    const { what, agent: id } = effect;
    const agent = agentOf(id);
    const deadlineMs = DEADLINES_MS[what];
    const born = life;
    let answered = false;
    let sending = false;
    const answer = (event: Unstamped<ConductorEvent>) => {
      if (answered || born !== life) return;
      answered = true;
      emit(event);
    };
    const fail = (reason: string) => {
      const repeated = { collect: "collecting", abort: "aborting" }[what as string];
      if (repeated === state.phase && born === life && !answered) {
        answered = true;
        timeline.after(250, () => {
          if (born === life && state.phase === repeated) ask(effect);
        });
      } else answer({ type: "failed", what, agent: id, reason });
    };
    timeline.after(deadlineMs, () => {
      if (!sending) fail("no answer in time");
    });
    timeline.after(latencyMs(), () => {
      if (what === "collect" && !agent.alive && !cut.has(id) && born === life) emit({ type: "refused", agent: id });
      if (!agent.alive || cut.has(id)) return random.chance(0.5) ? fail("unreachable") : undefined;
      if (random.chance(faulty() ? 0.05 : 0)) return; // the request is lost
      const reply = (event: Unstamped<ConductorEvent>) => {
        if (cut.has(id) || random.chance(faulty() ? 0.05 : 0)) return; // the answer is lost
        timeline.after(latencyMs(), () => answer(event));
      };
      if (what !== "collect" || agent.held() === "active") return serve(agent, effect, reply, fail);
      sending = true;
      journals.send(agent, {
        reachable: () => !cut.has(id) && born === life,
        heard: () => born === life && emit({ type: "heard", agent: id }),
        broke: () => fail("the connection broke"),
        done() {
          reply({ type: "did", what, agent: id });
          timeline.after(deadlineMs, () => fail("no answer in time"));
        },
      });
    });
  }

  function serve(
    agent: SimulatedAgent,
    effect: ConductorEffect & { type: "ask" },
    reply: (event: Unstamped<ConductorEvent>) => void,
    fail: (reason: string) => void,
  ): void {
    const did = (what: Ask) => reply({ type: "did", what, agent: agent.id });
    try {
      switch (effect.what) {
        case "describe":
          plans.look(agent);
          return did("describe");
        case "arm": {
          if (agent.held()) return fail("busy");
          let told = false;
          agent.arm(plans.of(agent.id), () => {
            watching.changed(agent.id);
            if (told) return;
            if (agent.state?.phase === "armed") {
              told = true;
              did("arm");
            } else if (agent.state?.reason) {
              told = true;
              fail(agent.state.reason);
            }
          });
          return;
        }
        case "clock":
        case "clock-again": {
          const rtt = 2 * latencyMs();
          // As good as the bound allows, and not better.
          const error = random.between(-rtt / 2, rtt / 2);
          const offsetNs = nowNs() - agent.clockNs(timeline.nowMs() + error);
          return reply({
            type: "clock",
            agent: agent.id,
            estimate: {
              offsetNs,
              boundNs: msToNs(rtt / 2),
              rttNs: msToNs(rtt),
              slowestNs: msToNs(rtt),
              atNs: nowNs(),
              pings: 64,
            },
          });
        }
        case "fire": {
          const offsetNs = state.agents.get(agent.id)?.clock?.offsetNs ?? 0n;
          const fire = (of = plans.of(agent.id).hash) => {
            const nowOfAgentNs = agent.clockNs(timeline.nowMs());
            const t0Ns = effect.t0Ns - offsetNs;
            agent.tell({ type: "fire", nonce, planHash: of, t0Ns, nowNs: nowOfAgentNs });
          };
          if (agent.held() !== "active") return fail("no such run");
          plans.mislead(agent.id, fire);
          fire();
          if (random.chance(0.05)) fire(); // a duplicate on the wire
          return did("fire");
        }
        case "abort": {
          if (agent.held() === "active") agent.tell({ type: "abort", reason: effect.reason ?? "" });
          const poll = () => {
            if (!agent.alive) return;
            if (agent.held() === "active") timeline.after(10, poll);
            else did("abort");
          };
          return poll();
        }
        case "collect":
          if (agent.held() === "active" && effect.reason !== undefined)
            agent.tell({ type: "abort", reason: effect.reason });
          return fail("not ended");
        case "release":
          agent.release();
          return did("release");
      }
    } catch (error) {
      fail(toSalvoError(error).message);
    }
  }

  const watching = createWatching({
    timeline,
    cut,
    latencyMs: () => latencyMs(),
    life: () => (alive ? life : undefined),
    isBeforeT0: () => state.t0Ns === undefined || nowNs() < state.t0Ns,
    hasStarted: (id) => state.agents.get(id)?.started === true,
    emit,
  });
  const watch = (id: string) => watching.watch(agentOf(id));

  const latencyMs = () => random.between(0.05, random.chance(0.02) ? 80 : 2);
  const faulty = () => timeline.nowMs() < FAULTS_UNTIL_MS && chaos;
  const chaos = which === "all" && random.chance(0.7);

  function plantFaults(): void {
    if (!chaos) return;
    plantAgentFaults({ agents, cut, timeline, random, log, untilMs: FAULTS_UNTIL_MS });
    plantStaleDevices({ agents, cut, timeline, random: randomOfPlans, log, untilMs: FAULTS_UNTIL_MS });
    if (random.chance(0.35)) {
      const atMs = random.between(0, FAULTS_UNTIL_MS * 0.6);
      timeline.at(atMs, () => {
        if (done) return;
        kill();
      });
      timeline.at(atMs + random.between(20, 12_000), () => {
        resume();
      });
    }
    if (random.chance(0.1)) timeline.at(random.between(0, 9000), () => emit({ type: "abort", reason: "Ctrl-C" }));
  }

  function kill(): void {
    log("controller is killed");
    alive = false;
    life++;
    watching.close();
    orphaned.push({ fromMs: timeline.nowMs(), toMs: Number.POSITIVE_INFINITY });
  }

  function resume(): void {
    if (done || alive) return;
    log("controller resumes");
    alive = true;
    const gap = orphaned.at(-1);
    if (gap) gap.toMs = timeline.nowMs();
    // Nothing of the old life is left but what it wrote.
    state = persisted.reduce((known, event) => conductorStep(known, event).state, conduct(plan));
    if (persisted.length === 0) return emit({ type: "abort", reason: "the controller ended before anything began" });
    const rebooted = which === "all" && random.chance(0.25);
    if (rebooted) bootedAtMs = timeline.nowMs();
    emit({ type: "resumed", sameBoot: !rebooted });
  }

  function killAfterT0(): void {
    if (t0Ms === undefined || timeline.nowMs() < t0Ms + 10) return timeline.after(5, killAfterT0);
    timeline.after(random.between(0, 3000), () => {
      kill();
      timeline.after(random.between(20, 10_000), resume);
    });
  }

  if (which === "all") plantFaults();
  else killAfterT0();
  emit({ type: "begin" });
  timeline.run(END_MS);
  for (const agent of agents)
    log(
      `${agent.id} opened ${agent.openedAtMs.map((ms) => ms.toFixed(3)).join(" ")} held ${JSON.stringify(agent.held())}`,
    );
  return {
    agents,
    policies,
    observerPolicies,
    state,
    done,
    t0Ms,
    abortedAtMs,
    lostAtMs,
    sealed,
    uncommitted,
    leftWriting,
    misled,
    orphaned,
    collected: journals.collected,
    archived,
    archivedFirst,
    waitedForGoneMs,
    trace,
  };
}
