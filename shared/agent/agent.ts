import { create } from "@bufbuild/protobuf";
import {
  type AgentDescription,
  type ArmRequest,
  type CollectRequest,
  type FireRequest,
  RunPhase,
  type RunStatus,
  RunStatusSchema,
} from "@salvo/proto/agent_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { SalvoError } from "../kernel/error.ts";
import { unlessAborted } from "../kernel/signal.ts";
import { planOf } from "./domain/run-plan.ts";
import type { Phase, RunState } from "./domain/run-machine.ts";
import type { Devices } from "./devices/devices.ts";
import type { Occupation } from "./occupation.ts";
import { endedStatus, type HeldRun, type RunFolders } from "./run/held-runs.ts";
import { type ActiveRun, type RunDeps, startRun } from "./run/run.ts";
import { publishRun, type RunPublisher } from "./run/publish.ts";
import type { BusKeeper } from "./bus-keeper.ts";

const HEARTBEAT_MS = 1_000;
const COLLECT_BATCH_BYTES = 512 * 1024;

/** What the gRPC service asks of an agent. One run at a time is active; ended runs are held until they are released. */
export interface Agent {
  describe(): Promise<{ agent: AgentDescription; runs: RunStatus[] }>;
  /** The run it is at, for its presence. */
  activity(): { readonly run: string; readonly phase: string };
  /** Resolves when every job of every participant waits at its gate. noticeMs: how long before T0 the run must know of it. */
  arm(request: ArmRequest, signal: AbortSignal): Promise<{ status: RunStatus; noticeMs: number }>;
  fire(request: FireRequest): Promise<RunStatus>;
  /** Resolves when the run's fio processes are gone. */
  abort(run: string, reason: string, signal: AbortSignal): Promise<RunStatus>;
  watch(run: string, signal: AbortSignal): AsyncIterable<RunStatus>;
  collect(request: CollectRequest, signal: AbortSignal): AsyncIterable<Uint8Array[]>;
  release(run: string): Promise<void>;
  /** Aborts what is active and lets go of everything. */
  stop(reason: string): Promise<void>;
}

export interface AgentDeps extends Pick<RunDeps, "config" | "platform" | "clock" | "log" | "lead"> {
  /** What it may be asked to do. */
  readonly roles: readonly Role[];
  readonly folders: RunFolders;
  readonly held: Map<string, HeldRun>;
  readonly bus: BusKeeper;
  readonly devices: Devices;
  readonly occupation: Occupation;
  readonly describeSelf: () => Promise<AgentDescription>;
}

interface Active {
  readonly name: string;
  readonly run: ActiveRun;
  readonly journal: HeldRun["journal"];
  readonly publisher: RunPublisher | undefined;
  /** Of the host. */
  readonly occupation: Disposable;
}

const PHASES: Readonly<Record<Phase, RunPhase>> = {
  arming: RunPhase.ARMING,
  armed: RunPhase.ARMED,
  committed: RunPhase.COMMITTED,
  running: RunPhase.RUNNING,
  ending: RunPhase.ENDING,
  // The journal is not complete until the run is held.
  ended: RunPhase.ENDING,
};

export function createAgent(deps: AgentDeps): Agent {
  const { config, clock, held } = deps;
  const publishers = new Map<string, RunPublisher>();
  let active: Active | undefined;
  let stopping = false;

  function statusOf(name: string): RunStatus {
    const ended = held.get(name);
    if (ended) return ended.status;
    const { run, journal } = activeRun(name);
    const { phase, outcome, reason, tick, started } = run.state;
    return create(RunStatusSchema, {
      run: name,
      phase: PHASES[phase],
      outcome,
      reason,
      tick,
      started,
      lastSeq: journal.durableSeq,
    });
  }

  function activeRun(name: string): Active {
    if (active?.name === name) return active;
    throw new SalvoError("not-found", `agent ${config.id} has no run ${name}`, { host: config.id });
  }

  async function hold({ name, run, journal, publisher, occupation }: Active): Promise<void> {
    await run.ended;
    held.set(name, { journal, status: endedStatus(name, run.state, journal.durableSeq) });
    if (publisher) publishers.set(name, publisher);
    active = undefined;
    occupation[Symbol.dispose]();
  }

  async function begin(request: ArmRequest): Promise<Active> {
    refuseWhenStopping();
    if (!deps.roles.includes(Role.WORKLOAD))
      throw new SalvoError("refused", `agent ${config.id} takes part in no run: it does not serve the role workload`, {
        host: config.id,
        remedy: "Run it on an agent for Linux that has joined with that role",
      });
    using undo = new DisposableStack();
    undo.use(deps.occupation.begin(`run ${request.run}`));
    const plan = planOf(request);
    for (const { device } of plan.participants) await deps.devices.find(device);
    const { folder, journal } = await deps.folders.create(request.run);
    if (stopping) {
      await journal.close();
      await deps.folders.remove(request.run);
    }
    refuseWhenStopping();
    const run = startRun(plan, { ...deps, journal, folder });
    const publisher =
      request.bus &&
      publishRun({
        ...deps,
        bus: deps.bus.use(request.bus),
        lab: request.bus.lab,
        run: request.run,
        agent: config.id,
        journal,
        batches: request.bus.batches,
      });
    active = { name: request.run, run, journal, publisher, occupation: undo.move() };
    void hold(active);
    return active;
  }

  function refuseWhenStopping(): void {
    if (stopping) throw new SalvoError("unavailable", `agent ${config.id} is being stopped`, { host: config.id });
  }

  /** One that failed says so once more when it is closed: its run has told already, and its folder goes all the same. */
  async function close(journal: HeldRun["journal"]): Promise<void> {
    await journal.close().catch((error: unknown) => deps.log.debug({ error }, "closing a journal"));
  }

  async function ended(name: string, signal: AbortSignal): Promise<void> {
    while (!held.has(name)) await unlessAborted(activeRun(name).run.ended, signal);
  }

  return {
    async describe() {
      const agent = await deps.describeSelf();
      const names = [...held.keys(), ...(active ? [active.name] : [])];
      return { agent, runs: names.map(statusOf) };
    },

    activity: () => ({ run: active?.name ?? "", phase: active?.run.state.phase ?? "" }),

    async arm(request, signal) {
      const { name, run } = await begin(request);
      try {
        while (run.state.phase === "arming" && !run.state.reason) await unlessAborted(run.changed(), signal);
      } catch (error) {
        await run.tell({ type: "abort", reason: "the controller gave up arming" });
        throw error;
      }
      if (run.state.phase === "armed") return { status: statusOf(name), noticeMs: run.noticeMs };
      await run.ended;
      throw new SalvoError("program-failed", run.state.reason, { host: config.id });
    },

    async fire({ run: name, nonce, planHash, t0Ns }) {
      const ended = held.get(name);
      if (ended)
        throw new SalvoError("wrong-state", `run ${name} has ended: ${ended.status.reason}`, { host: config.id });
      await activeRun(name).run.tell({ type: "fire", nonce, planHash, t0Ns, nowNs: clock.now() });
      return statusOf(name);
    },

    async abort(name, reason, signal) {
      if (!held.has(name)) {
        await activeRun(name).run.tell({ type: "abort", reason });
        await ended(name, signal);
      }
      return statusOf(name);
    },

    async *watch(name, signal) {
      if (held.has(name)) return yield statusOf(name);
      const { run } = activeRun(name);
      await run.tell({ type: "watchers", count: run.state.watchers + 1 });
      try {
        while (!held.has(name) && !signal.aborted) {
          const known = run.state; // before the status is given away: it may change while nobody looks
          yield statusOf(name);
          await newsOrHeartbeat(run, known, signal);
        }
        if (held.has(name)) yield statusOf(name);
      } finally {
        await run.tell({ type: "watchers", count: run.state.watchers - 1 });
      }
    },

    async *collect({ run: name, ranges }, signal) {
      const { journal } = held.get(name) ?? activeRun(name);
      for (const { first, last } of ranges) {
        for (let seq = Math.max(1, first); seq <= last && !signal.aborted;) {
          const records = await journal.read(seq, last, COLLECT_BATCH_BYTES);
          if (records.length === 0) break;
          yield records.map(({ payload }) => payload);
          seq += records.length;
        }
      }
    },

    async release(name) {
      const run = held.get(name);
      if (!run) {
        if (active?.name === name)
          throw new SalvoError("wrong-state", `run ${name} has not ended`, { host: config.id });
        return; // released before
      }
      held.delete(name);
      await publishers.get(name)?.stop();
      publishers.delete(name);
      await close(run.journal);
      await deps.folders.remove(name);
    },

    async stop(reason) {
      stopping = true;
      if (active) {
        const { run } = active;
        await run.tell({ type: "abort", reason });
        await run.ended;
      }
      for (const publisher of publishers.values()) await publisher.stop();
      for (const { journal } of held.values()) await close(journal);
    },
  };
}

/**
 * Resolves when the state tells something new, with the heartbeat's pause, or with the signal; never throws. A tick alone
 * is no news: ten messages a second about nothing would be work on the measured host.
 */
async function newsOrHeartbeat(run: ActiveRun, known: RunState, signal: AbortSignal): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<"over">();
  const heartbeat = setTimeout(() => resolve("over"), HEARTBEAT_MS);
  const onAbort = () => resolve("over");
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const changed = run.changed();
      if (isNews(run.state, known)) return;
      if ((await Promise.race([changed, over])) === "over") return;
      if (run.state.phase === "ended") return; // its last change is that the journal is complete
    }
  } finally {
    clearTimeout(heartbeat);
    signal.removeEventListener("abort", onAbort);
  }
}

function isNews(now: RunState, known: RunState): boolean {
  return (
    now.phase !== known.phase ||
    now.outcome !== known.outcome ||
    now.reason !== known.reason ||
    now.started !== known.started
  );
}
