import { create } from "@bufbuild/protobuf";
import { type ArmRequest, RunPhase, type RunStatus, RunStatusSchema } from "@salvo/proto/agent_pb.ts";
import { Role } from "@salvo/proto/lab_pb.ts";
import { SalvoError } from "../../kernel/error.ts";
import { unlessAborted } from "../../kernel/signal.ts";
import type { BusKeeper } from "../bus-keeper.ts";
import type { Phase } from "../domain/run-machine.ts";
import { observes, planOf } from "../domain/run-plan.ts";
import type { Occupation } from "../occupation.ts";
import type { RunDeps } from "./context.ts";
import { endedStatus, type HeldRun, type RunFolders } from "./held-runs.ts";
import { publishRun, type RunPublisher } from "./publish.ts";
import { type ActiveRun, startRun } from "./run.ts";

/** The runs of an agent: one at a time is active, and those that have ended are held until they are released. */
export interface Runs {
  names(): string[];
  /** Of the run that is active. */
  readonly active: Pick<Active, "name" | "run"> | undefined;
  /** Throws `not-found`. */
  statusOf(name: string): RunStatus;
  /** Throws `not-found` when it is not active. */
  activeRun(name: string): ActiveRun;
  isHeld(name: string): boolean;
  journalOf(name: string): HeldRun["journal"];
  /** Throws `refused` for what the agent does not do, `wrong-state` when the host is busy. */
  begin(request: ArmRequest): Promise<ActiveRun>;
  /** Resolves when the run is held. */
  untilHeld(name: string, signal: AbortSignal): Promise<void>;
  /** A run that is not there was released before. Throws `wrong-state` for the one that is active. */
  release(name: string): Promise<void>;
  /** Aborts what is active and lets go of everything. */
  stop(reason: string): Promise<void>;
}

export interface RunsDeps extends Pick<RunDeps, "config" | "platform" | "clock" | "log" | "lead" | "devices"> {
  /** What the agent may be asked to do. */
  readonly roles: readonly Role[];
  readonly folders: RunFolders;
  readonly held: Map<string, HeldRun>;
  readonly bus: BusKeeper;
  readonly occupation: Occupation;
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

export function openRuns(deps: RunsDeps): Runs {
  const { config, held } = deps;
  const publishers = new Map<string, RunPublisher>();
  let active: Active | undefined;
  let stopping = false;

  function activeOf(name: string): Active {
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

  async function begin(request: ArmRequest): Promise<ActiveRun> {
    if (stopping) throw isStopping(deps);
    using undo = new DisposableStack();
    undo.use(deps.occupation.begin(`run ${request.run}`));
    if (!observes(request)) refuseWithoutWorkloads(deps);
    const plan = planOf(request);
    for (const { device } of plan.participants) await deps.devices.find(device);
    const { folder, journal } = await deps.folders.create(request.run);
    if (stopping) {
      await journal.close();
      await deps.folders.remove(request.run);
      throw isStopping(deps);
    }
    const run = startRun(plan, { ...deps, journal, folder });
    active = { name: request.run, run, journal, publisher: publish(request, journal, deps), occupation: undo.move() };
    void hold(active);
    return run;
  }

  return {
    names: () => [...held.keys(), ...(active ? [active.name] : [])],
    get active() {
      return active;
    },
    statusOf(name) {
      const ended = held.get(name);
      if (ended) return ended.status;
      return statusNow(activeOf(name));
    },
    activeRun: (name) => activeOf(name).run,
    isHeld: (name) => held.has(name),
    journalOf: (name) => (held.get(name) ?? activeOf(name)).journal,
    begin,
    async untilHeld(name, signal) {
      while (!held.has(name)) await unlessAborted(activeOf(name).run.ended, signal);
    },
    async release(name) {
      const run = held.get(name);
      if (!run && active?.name === name)
        throw new SalvoError("wrong-state", `run ${name} has not ended`, { host: config.id });
      if (!run) return;
      held.delete(name);
      await publishers.get(name)?.stop();
      publishers.delete(name);
      await close(run.journal, deps);
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
      for (const { journal } of held.values()) await close(journal, deps);
    },
  };
}

function isStopping({ config: { id } }: RunsDeps): SalvoError {
  return new SalvoError("unavailable", `agent ${id} is being stopped`, { host: id });
}

function statusNow({ name, run, journal }: Active): RunStatus {
  const { phase, outcome, reason, tick, started } = run.state;
  const lastSeq = journal.durableSeq;
  return create(RunStatusSchema, { run: name, phase: PHASES[phase], outcome, reason, tick, started, lastSeq });
}

function publish(
  { run, bus }: ArmRequest,
  journal: RunDeps["journal"],
  { config, log, bus: keeper }: RunsDeps,
): RunPublisher | undefined {
  if (!bus) return undefined;
  const { lab, batches } = bus;
  return publishRun({ bus: keeper.use(bus), lab, run, agent: config.id, journal, batches, log });
}

/** One that failed says so once more when it is closed: its run has told already, and its folder goes all the same. */
async function close(journal: HeldRun["journal"], { log }: RunsDeps): Promise<void> {
  await journal.close().catch((error: unknown) => log.debug({ error }, "closing a journal"));
}

/** To observe a run an agent needs no role. */
function refuseWithoutWorkloads({ roles, config }: RunsDeps): void {
  if (roles.includes(Role.WORKLOAD)) return;
  throw new SalvoError("refused", `agent ${config.id} runs no workload: it does not serve the role workload`, {
    host: config.id,
    remedy: "Name an agent that has joined with that role, or let this one observe the run",
  });
}
