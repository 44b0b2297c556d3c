import { fromJson, toJson } from "@bufbuild/protobuf";
import { AgentDescriptionSchema, type AgentDescription, type AgentService } from "@salvo/proto/agent_pb.ts";
import type { Manifest, RunSpec } from "@salvo/proto/run_pb.ts";
import { excerpt } from "@salvo/shared/audit/fit.ts";
import type { Bus } from "@salvo/shared/bus/connection.ts";
import { consumeRun } from "@salvo/shared/bus/consume.ts";
import { assert, unreachable } from "@salvo/shared/kernel/assert.ts";
import { createChannel } from "@salvo/shared/kernel/channel.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import type { Clock, Nanos } from "@salvo/shared/kernel/time.ts";
import type { Logger } from "@salvo/shared/log/logger.ts";
import type { Client } from "@salvo/shared/rpc/client.ts";
import { awaitedAgents } from "../domain/collecting.ts";
import { conduct, type ConductorEffect, type ConductorEvent, step } from "../domain/conductor.ts";
import { preflight, versionProblem } from "../domain/preflight.ts";
import type { Phase } from "../domain/phases.ts";
import { mayRenew } from "../domain/renewable.ts";
import { ACK_MARGIN_MS, chooseT0 } from "../domain/t0.ts";
import { sealRun } from "../store/archive.ts";
import { loadManifest } from "../store/manifest.ts";
import { seqMaxOf } from "../store/rejected.ts";
import { newestFolder } from "../store/runs.ts";
import type { Spool } from "../store/spool.ts";
import type { AuditedLab } from "./audited-lab.ts";
import { createCallLog, headOf } from "./call-log.ts";
import { probeClock } from "./clock-probe.ts";
import { collectRecords } from "./collect.ts";
import type { Live } from "./live.ts";
import type { Renewals } from "./renewals.ts";
import { createReach, type Reach } from "./reach.ts";
import { armMs, armPlanOf, askedAgain, factsOf, planOf } from "./run-facts.ts";
import type { RunBegin, RunFact, RunLog, RunLogEntry } from "./run-log.ts";
import { tellToStop } from "./tell-to-stop.ts";
import { SILENCE_MS, watchRun } from "./watch.ts";

/** How often it is told which agents are waited for. */
const AWAITED_EVERY_MS = 1_000;

export interface RunDeps {
  readonly dataDir: string;
  readonly log: RunLog;
  readonly spool: Spool;
  readonly agents: ReadonlyMap<string, Client<typeof AgentService>>;
  readonly renewals: Renewals;
  /** Our own connection to NATS, once there is one. */
  readonly bus: () => Bus | undefined;
  readonly untilBus: (signal: AbortSignal) => Promise<Bus>;
  readonly version: string;
  readonly bootId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly live: Live;
  readonly lab: AuditedLab;
  /** Aborts the run: all participants are stopped, what there is is sealed. */
  readonly abort: AbortSignal;
}

export interface DrivenRun {
  readonly manifest: Manifest;
  /** Agents that hold it still, and can be asked again later: what there is must be kept until then. */
  readonly heldBy: readonly string[];
}

/**
 * Drives one run from its first event, or from where an earlier life of the controller left it, to its sealed archive.
 * begin is what was decided when the run was made; before is what has happened since, none of it for a run that is not resumed.
 */
export async function driveRun(
  spec: RunSpec,
  begin: RunBegin,
  earlier: { readonly resumed: boolean; readonly before: readonly RunLogEntry[] },
  deps: RunDeps,
): Promise<DrivenRun> {
  const { resumed, before } = earlier;
  const { clock, logger, spool } = deps;
  const calls = createCallLog({ ...deps, run: spec.run });
  const events = createChannel<RunFact>();
  const descriptions = new Map<string, AgentDescription>();
  const stop = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  /** What is asked in a phase is of no interest after it. */
  let phaseEnd = new AbortController();
  let state = conduct(planOf(spec));
  let manifest: Manifest | undefined;
  let probing: Promise<unknown> = Promise.resolve();
  /** Of the agents that have armed: how long before T0 each must know of it. */
  const noticesMs: number[] = [];
  /** How long the last entry took to be on the disk. */
  let writingNs: Nanos = 0n;

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

  function addressOf(agent: string): string {
    const planned = spec.agents.find(({ id }) => id === agent);
    assert(planned, `an address for every agent of the run, ${agent} too`);
    return planned.address;
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
      case "choose-t0":
        return emit({
          type: "t0",
          t0Ns: chooseT0({ ...effect, noticesMs, writingNs: writingNs + calls.delayNs }, clock.now()),
        });
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
      const forgotten = what === "collect" && problem.kind === "not-found";
      if (problem.kind === "internal") logger.error({ run: spec.run, agent, what, error }, "an ask failed");
      emit({
        type: "failed",
        what,
        agent,
        reason: problem.remedy ? `${problem.message}. ${problem.remedy}` : problem.message,
        ...(forgotten && { forgotten }),
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
        await calls.around("Arm", agent, { workload: spec.workload?.name ?? "" }, async () => {
          const deadlineMs = armMs(spec, descriptions.get(agent));
          noticesMs.push((await client.arm(armRequest(agent), { deadlineMs, signal })).noticeMs);
        });
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
        await calls.around("Fire", agent, { t0_ns: String(effect.t0Ns) }, async () => fire(agent, effect.t0Ns));
        return;
      case "abort":
        return stopRun(agent, effect.reason ?? "", signal);
      case "collect": {
        const reach = createReach({
          address: addressOf(agent),
          nowMs: () => performance.now(),
          tell: (type) => emit({ type, agent }),
        });
        // One that could not be told to stop may be within reach again.
        if (effect.reason !== undefined) await stopRun(agent, effect.reason, signal, reach);
        return collectRecords({
          client,
          agent,
          run,
          spool,
          seqMax: seqMaxOf(spec),
          busConnected: () => deps.bus()?.connected ?? false,
          reach,
          signal,
        });
      }
      case "release":
        await calls.around(
          "Release",
          agent,
          {},
          async () => client.release({ run }, { deadlineMs: 5_000, signal }),
          headOf,
        );
        return;
      default:
        return unreachable(effect);
    }
  }

  /** Tells it until it hears, or the phase is over: a connection that breaks now must not leave fio at work. */
  async function stopRun(agent: string, reason: string, signal: AbortSignal, reach?: Reach): Promise<void> {
    const tell = async () => tellToStop({ client: clientOf(agent), run: spec.run, reason, signal, reach });
    await calls.around("Abort", agent, { reason: excerpt(reason) }, tell);
  }

  async function describe(agent: string): Promise<void> {
    const { agent: description, runs } = await clientOf(agent).describe(
      {},
      { deadlineMs: 15_000, signal: stop.signal },
    );
    if (!description) throw new SalvoError("unavailable", "the agent says nothing about itself");
    const version = versionProblem(description, deps.version);
    const problems = [...(version === undefined ? [] : [version]), ...preflight(spec, agent, description, runs)];
    if (problems.length > 0) throw new SalvoError("wrong-state", problems.join("; "));
    await deps.renewals.first(agent);
    events.push({ type: "description", agent, description: toJson(AgentDescriptionSchema, description) });
  }

  async function probe(what: "clock" | "clock-again", agent: string): Promise<void> {
    if (state.phase !== what) return;
    if (what === "clock-again") await checkBoot(agent);
    emit({ type: "clock", agent, estimate: await probeClock(clientOf(agent), clock, { signal: stop.signal }) });
  }

  /** Monotonic clocks of two boots have nothing to do with each other. */
  async function checkBoot(agent: string): Promise<void> {
    const { agent: now } = await clientOf(agent).describe({}, { deadlineMs: 5_000, signal: stop.signal });
    if (now?.bootId !== descriptions.get(agent)?.bootId)
      throw new SalvoError("unavailable", "its host was started anew");
  }

  async function fire(agent: string, t0Ns: Nanos): Promise<void> {
    const offsetNs = state.agents.get(agent)?.clock?.offsetNs;
    assert(offsetNs !== undefined, `the clock of ${agent} is known before it is fired`);
    const leftMs = Number(t0Ns - clock.now()) / 1e6 - ACK_MARGIN_MS;
    await clientOf(agent).fire(
      { run: spec.run, nonce: begin.nonce, t0Ns: t0Ns - offsetNs, planHash: armRequest(agent).planHash },
      { deadlineMs: Math.max(1, leftMs), signal: stop.signal },
    );
  }

  function armRequest(agent: string) {
    const description = descriptions.get(agent);
    assert(description, `agent ${agent} is described before it is armed`);
    return { ...armPlanOf(spec, description), bus: { url: begin.natsUrl, lab: spec.lab } };
  }

  async function watch(agent: string): Promise<void> {
    const beforeT0 = () => state.t0Ns === undefined || clock.now() < state.t0Ns;
    for await (const news of watchRun({
      client: clientOf(agent),
      run: spec.run,
      address: addressOf(agent),
      clock,
      silenceMs: spec.agents.find(({ id }) => id === agent)?.lostAfterMs || SILENCE_MS,
      beforeT0,
      signal: stop.signal,
    })) {
      emit({ ...news, agent });
    }
  }

  async function seal(): Promise<void> {
    try {
      await spool.flush();
      manifest = await sealRun({
        dataDir: deps.dataDir,
        spool,
        spec,
        facts: factsOf(state, begin, [...descriptions.values()], deps.log.notes),
        salvoVersion: deps.version,
        time: state.seals + 1,
      });
      emit({ type: "sealed" });
    } catch (error) {
      events.close(toSalvoError(error));
    }
  }

  async function consume(): Promise<void> {
    const bus = await deps.untilBus(stop.signal);
    for await (const { agent, seq, payload } of consumeRun({
      bus,
      lab: spec.lab,
      run: spec.run,
      signal: stop.signal,
      onTrouble: (problem) => logger.debug({ run: spec.run, problem }, "NATS"),
    })) {
      if (spool.add(agent, seq, payload, "received")) deps.live.record(payload);
    }
  }

  /** What a controller that died before the first event was about to do, perhaps days ago, is not done now. */
  function first(): Unstamped<ConductorEvent> {
    if (!resumed) return { type: "begin" };
    if (state.phase === "done") return { type: "again" };
    if (before.length > 0) return { type: "resumed", sameBoot: begin.bootId === deps.bootId };
    return { type: "abort", reason: "the controller was ended before anything began" };
  }

  async function follow(): Promise<void> {
    let shown: Phase | undefined;
    for (const entry of before) if (entry.type !== "begin") take(entry);
    emit(first());
    const onAbort = () => emit({ type: "abort", reason: toSalvoError(deps.abort.reason).message });
    if (deps.abort.aborted) onAbort();
    deps.abort.addEventListener("abort", onAbort, { signal: stop.signal });
    for await (const entry of events) {
      const writtenFromNs = clock.now();
      await deps.log.append(entry);
      writingNs = clock.now() - writtenFromNs;
      const effects = take(entry);
      if (state.phase !== shown) deps.live.phase((shown = state.phase), state.t0Ns);
      for (const effect of effects) perform(effect);
    }
  }

  const consuming = consume().catch((error: unknown) => {
    if (!stop.signal.aborted)
      logger.warn({ run: spec.run, error }, "NATS brings no more records of this run; they will be collected");
  });
  const telling = setInterval(() => {
    if (state.phase === "collecting") deps.live.awaited(awaitedAgents(state, clock.now()));
  }, AWAITED_EVERY_MS);
  const renewing = deps.renewals.keep(() => mayRenew(state, clock.now()), stop.signal);
  try {
    if (resumed && before.length > 0) await deps.renewals.revive();
    await follow();
    // Sealed by an earlier life, perhaps.
    manifest ??= await loadManifest(await newestFolder(deps.dataDir, spec.run));
    return { manifest, heldBy: askedAgain(state) };
  } finally {
    stop.abort(new SalvoError("cancelled", `run ${spec.run} is over`));
    clearInterval(telling);
    for (const timer of timers) clearTimeout(timer);
    await Promise.all([consuming, renewing]);
  }
}

type Unstamped<T> = T extends unknown ? Omit<T, "atNs"> : never;
