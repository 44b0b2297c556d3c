import { create, fromJson, toJson } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, type AgentDescription, type AgentService } from "@salvo/proto/agent_pb.ts";
import { OnLoss } from "@salvo/proto/lab_pb.ts";
import { ClockEstimateSchema, type ClockEstimate, type Manifest, type RunSpec } from "@salvo/proto/run_pb.ts";
import { Outcome } from "@salvo/proto/telemetry_pb.ts";
import { fioRuntimeMs } from "@salvo/shared/agent/domain/run-plan.ts";
import type { Bus } from "@salvo/shared/bus/connection.ts";
import { consumeRun } from "@salvo/shared/bus/consume.ts";
import type { ClockEstimate as Estimate } from "@salvo/shared/clock/estimate.ts";
import { assert, unreachable } from "@salvo/shared/kernel/assert.ts";
import { createChannel } from "@salvo/shared/kernel/channel.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { Clock, Nanos } from "@salvo/shared/kernel/time.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import {
  type AgentState,
  conduct,
  type ConductorEffect,
  type ConductorEvent,
  type ConductorState,
  step,
} from "../domain/conductor.ts";
import { preflight } from "../domain/preflight.ts";
import { ACK_MARGIN_MS } from "../domain/t0.ts";
import type { RunFacts } from "../analysis/analysis.ts";
import { sealRun } from "../store/archive.ts";
import { runFolder } from "../store/layout.ts";
import { loadManifest } from "../store/manifest.ts";
import type { Spool } from "../store/spool.ts";
import { probeClock } from "./clock-probe.ts";
import { collectRecords } from "./collect.ts";
import type { Live } from "./live.ts";
import type { RunBegin, RunFact, RunLog, RunLogEntry } from "./run-log.ts";
import { watchRun } from "./watch.ts";

/** Writing a device's file full is the slow part of arming. */
const ARM_MS = 60_000;
const FILL_BYTES_PER_MS = 20_000n;

export interface RunDeps {
  readonly dataDir: string;
  readonly log: RunLog;
  readonly spool: Spool;
  readonly agents: ReadonlyMap<string, Client<typeof AgentService>>;
  /** Our own connection to NATS, once there is one. */
  readonly bus: () => Bus | undefined;
  readonly untilBus: (signal: AbortSignal) => Promise<Bus>;
  readonly version: string;
  readonly bootId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly live: Live;
  /** Aborts the run: all participants are stopped, what there is is sealed. */
  readonly abort: AbortSignal;
}

/**
 * Drives one run from its first event, or from where an earlier life of the controller left it, to its sealed archive.
 * begin is what was decided when the run was made; before is what has happened since.
 */
export async function driveRun(
  spec: RunSpec,
  begin: RunBegin,
  before: readonly RunLogEntry[],
  deps: RunDeps,
): Promise<Manifest> {
  const { clock, logger, spool } = deps;
  const events = createChannel<RunFact>();
  const descriptions = new Map<string, AgentDescription>();
  const stop = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  /** What is asked in a phase is of no interest after it. */
  let phaseEnd = new AbortController();
  let state = conduct(planOf(spec));
  let manifest: Manifest | undefined;
  let probing: Promise<unknown> = Promise.resolve();

  function emit(event: Unstamped<ConductorEvent>): void {
    // The union's members all have atNs; TypeScript does not distribute the spread.
    events.push({ type: "event", event: { ...event, atNs: clock.now() } as ConductorEvent });
  }

  function take(entry: RunFact): readonly ConductorEffect[] {
    if (entry.type === "description") {
      // Written by toJson, below, and guarded by the log's checksums since then.
      const written = entry.description as Parameters<typeof fromJson>[1];
      descriptions.set(entry.agent, fromJson(AgentDescriptionSchema, written));
      return [];
    }
    const decided = step(state, entry.event);
    if (decided.state.phase !== state.phase) {
      phaseEnd.abort(new SalvoError("cancelled", `the run has moved on from ${state.phase}`));
      phaseEnd = new AbortController();
    }
    state = decided.state;
    return decided.effects;
  }

  function clientOf(agent: string): Client<typeof AgentService> {
    const client = deps.agents.get(agent);
    assert(client, `a client for every agent of the run, ${agent} too`);
    return client;
  }

  function perform(effect: ConductorEffect): void {
    switch (effect.type) {
      case "ask":
        return void ask(effect);
      case "watch":
        return void watch(effect.agent);
      case "timer": {
        const timer = setTimeout(
          () => emit({ type: "timer", name: effect.name }),
          Math.max(0, Number(effect.atNs - clock.now()) / 1e6),
        );
        timers.add(timer);
        return;
      }
      case "seal":
        return void seal();
      case "done":
        return events.close();
      default:
        return unreachable(effect);
    }
  }

  async function ask(effect: ConductorEffect & { type: "ask" }): Promise<void> {
    const { what, agent } = effect;
    try {
      await performAsk(effect);
      if (what !== "clock" && what !== "clock-again") emit({ type: "did", what, agent });
    } catch (error) {
      const ours = what === "collect" ? await spoolFailure() : undefined;
      if (ours) return events.close(ours);
      const problem = toSalvoError(error);
      if (problem.kind === "internal") logger.error({ run: spec.run, agent, what, error }, "an ask failed");
      emit({
        type: "failed",
        what,
        agent,
        reason: problem.remedy ? `${problem.message}. ${problem.remedy}` : problem.message,
      });
    }
  }

  /** No agent is to blame for a full disk of ours: the run stays open, and the agents keep its records. */
  async function spoolFailure(): Promise<SalvoError | undefined> {
    try {
      await spool.flush();
      return undefined;
    } catch (error) {
      return toSalvoError(error);
    }
  }

  async function performAsk(effect: ConductorEffect & { type: "ask" }): Promise<void> {
    const { what, agent } = effect;
    const client = clientOf(agent);
    const { run } = spec;
    const signal = AbortSignal.any([stop.signal, phaseEnd.signal]);
    switch (what) {
      case "describe":
        return describe(agent);
      case "arm":
        await client.arm(armRequest(agent), { deadlineMs: armMs(spec, descriptions.get(agent)), signal });
        return;
      case "clock":
      case "clock-again":
        // One after another: probes at the same time would delay each other.
        probing = probing.then(
          async () => probe(what, agent),
          async () => probe(what, agent),
        );
        await probing;
        return;
      case "fire":
        await fire(agent, effect.t0Ns);
        return;
      case "abort":
        await client.abort({ run, reason: effect.reason ?? "" }, { deadlineMs: 1_900, signal });
        return;
      case "collect":
        return collectRecords({
          client,
          agent,
          run,
          spool,
          busConnected: () => deps.bus()?.connected ?? false,
          signal,
        });
      case "release":
        await client.release({ run }, { deadlineMs: 5_000, signal });
        return;
      default:
        return unreachable(effect);
    }
  }

  async function describe(agent: string): Promise<void> {
    const { agent: description, runs } = await clientOf(agent).describe(
      {},
      { deadlineMs: 15_000, signal: stop.signal },
    );
    if (!description) throw new SalvoError("unavailable", "the agent says nothing about itself");
    const problems = preflight(spec, agent, description, runs);
    if (problems.length > 0) throw new SalvoError("wrong-state", problems.join("; "));
    events.push({ type: "description", agent, description: toJson(AgentDescriptionSchema, description) });
  }

  async function probe(what: "clock" | "clock-again", agent: string): Promise<void> {
    if (what === "clock-again" && state.phase !== "clock-again") return;
    emit({ type: "clock", agent, estimate: await probeClock(clientOf(agent), clock, { signal: stop.signal }) });
  }

  async function fire(agent: string, t0Ns: Nanos): Promise<void> {
    const offsetNs = state.agents.get(agent)?.clock?.offsetNs;
    assert(offsetNs !== undefined, `the clock of ${agent} is known before it is fired`);
    const leftMs = Number(t0Ns - clock.now()) / 1e6 - ACK_MARGIN_MS;
    await clientOf(agent).fire(
      { run: spec.run, nonce: begin.nonce, t0Ns: t0Ns - offsetNs },
      { deadlineMs: Math.max(1, leftMs), signal: stop.signal },
    );
  }

  function armRequest(agent: string) {
    const { run, workload, intervalMs, participants } = spec;
    assert(workload, "a run has a workload");
    return {
      run,
      workload,
      intervalMs,
      participants: participants.filter((each) => each.agent === agent).map(({ id, device }) => ({ id, device })),
      bus: { url: begin.natsUrl, lab: spec.lab },
      leaseMs: Math.min(600_000, armMs(spec, ...descriptions.values()) + 30_000),
    };
  }

  async function watch(agent: string): Promise<void> {
    const beforeT0 = () => state.t0Ns === undefined || clock.now() < state.t0Ns;
    for await (const news of watchRun({
      client: clientOf(agent),
      run: spec.run,
      clock,
      beforeT0,
      signal: stop.signal,
    })) {
      emit({ ...news, agent });
    }
  }

  async function seal(): Promise<void> {
    try {
      await spool.flush();
      manifest = await sealRun({ dataDir: deps.dataDir, spool, spec, facts: facts(), salvoVersion: deps.version });
      emit({ type: "sealed" });
    } catch (error) {
      events.close(toSalvoError(error));
    }
  }

  function facts(): RunFacts {
    const { anchor } = begin;
    const { t0Ns } = state;
    return {
      t0: t0Ns === undefined ? undefined : { ns: t0Ns, wallNs: anchor.wallNs + (t0Ns - anchor.monotonicNs) },
      clockBefore: estimates(state, "clock"),
      clockAfter: estimates(state, "clockAfter"),
      agents: [...descriptions.values()],
      aborted: state.aborted,
      lost: [...state.agents].filter(([, agent]) => wasLost(agent)).map(([id]) => id),
      finished: [...state.agents].filter(([, { end }]) => end?.outcome === Outcome.FINISHED).map(([id]) => id),
    };
  }

  async function consume(): Promise<void> {
    const bus = await deps.untilBus(stop.signal);
    for await (const { agent, seq, payload } of consumeRun({
      bus,
      lab: spec.lab,
      run: spec.run,
      signal: stop.signal,
    })) {
      if (spool.add(agent, seq, payload, "received")) deps.live.record(payload);
    }
  }

  async function follow(): Promise<void> {
    let shown: ConductorState["phase"] | undefined;
    for (const entry of before) if (entry.type !== "begin") take(entry);
    if (before.length === 0) emit({ type: "begin" });
    else emit({ type: "resumed", sameBoot: begin.bootId === deps.bootId });
    if (deps.abort.aborted) emit({ type: "abort", reason: toSalvoError(deps.abort.reason).message });
    deps.abort.addEventListener("abort", () =>
      emit({ type: "abort", reason: toSalvoError(deps.abort.reason).message }),
    );
    for await (const entry of events) {
      await deps.log.append(entry);
      const effects = take(entry);
      if (state.phase !== shown) deps.live.phase((shown = state.phase), state.t0Ns);
      for (const effect of effects) perform(effect);
    }
  }

  const consuming = consume().catch((error: unknown) => {
    if (!stop.signal.aborted)
      logger.warn({ run: spec.run, error }, "NATS brings no more records of this run; they will be collected");
  });
  try {
    await follow();
    // Sealed by an earlier life, perhaps.
    return manifest ?? (await loadManifest(runFolder(deps.dataDir, spec.run)));
  } finally {
    stop.abort(new SalvoError("cancelled", `run ${spec.run} is over`));
    for (const timer of timers) clearTimeout(timer);
    await consuming;
  }
}

/** In mid-run: it stayed silent, or it was killed and back so soon that it could say so itself. */
function wasLost({ lost, started, end }: AgentState): boolean {
  return lost !== undefined || (started && end?.outcome === Outcome.INTERRUPTED);
}

type Unstamped<T> = T extends unknown ? Omit<T, "atNs"> : never;

function planOf(spec: RunSpec) {
  assert(spec.workload, "a run has a workload");
  return {
    lengthMs: fioRuntimeMs(spec.workload),
    agents: spec.agents.map(
      ({ id, onLoss }) => ({ id, onLoss: onLoss === OnLoss.CONTINUE ? "continue" : "abort" }) as const,
    ),
  };
}

function armMs(spec: RunSpec, ...agents: (AgentDescription | undefined)[]): number {
  const bytes = agents.flatMap((agent) =>
    (agent?.devices ?? [])
      .filter(({ name }) => spec.participants.some((each) => each.agent === agent?.id && each.device === name))
      .map(({ sizeBytes }) => sizeBytes),
  );
  return ARM_MS + Number(bytes.reduce((sum, each) => sum + each, 0n) / FILL_BYTES_PER_MS);
}

function estimates(state: ConductorState, which: "clock" | "clockAfter"): ClockEstimate[] {
  return [...state.agents].flatMap(([agent, known]) => {
    const found: Estimate | undefined = known[which];
    return found
      ? [
          create(ClockEstimateSchema, {
            agent,
            atNs: found.atNs,
            offsetNs: found.offsetNs,
            boundNs: found.boundNs,
            pings: found.pings,
            rttNs: found.rttNs,
          }),
        ]
      : [];
  });
}
