import type {
  AgentDescription,
  ArmRequest,
  CollectRequest,
  DescribeRequest,
  FireRequest,
  RunStatus,
} from "@salvo/proto/agent_pb.ts";
import { SalvoError } from "../kernel/error.ts";
import { unlessAborted } from "../kernel/signal.ts";
import { openRuns, type RunsDeps } from "./run/runs.ts";
import { watchRun } from "./run/watch.ts";

const COLLECT_BATCH_BYTES = 512 * 1024;

/** What the gRPC service asks of an agent. One run at a time is active; ended runs are held until they are released. */
export interface Agent {
  describe(request: Pick<DescribeRequest, "examineDevices">): Promise<{
    agent: AgentDescription;
    runs: RunStatus[];
    deviceProblems: { readonly [device: string]: string };
  }>;
  /** The run it is at, for its presence. */
  activity(): { readonly run: string; readonly phase: string };
  /**
   * Resolves when every job of every participant waits at its gate, or an observer is ready. noticeMs: how long before T0 the run
   * must know of it.
   */
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

export interface AgentDeps extends RunsDeps {
  readonly describeSelf: () => Promise<AgentDescription>;
}

export function createAgent(deps: AgentDeps): Agent {
  const { config, clock } = deps;
  const runs = openRuns(deps);
  return {
    async describe({ examineDevices }) {
      const agent = await deps.describeSelf();
      // A disk that is examined is open for a moment, and a run needs it for itself.
      const problems = examineDevices && !runs.active ? await deps.devices.problems() : new Map<string, string>();
      const deviceProblems = Object.fromEntries(problems);
      return { agent, runs: runs.names().map((name) => runs.statusOf(name)), deviceProblems };
    },

    activity: () => ({ run: runs.active?.name ?? "", phase: runs.active?.run.state.phase ?? "" }),

    async arm(request, signal) {
      const run = await runs.begin(request);
      try {
        while (run.state.phase === "arming" && !run.state.reason) await unlessAborted(run.changed(), signal);
      } catch (error) {
        await run.tell({ type: "abort", reason: "the controller gave up arming" });
        throw error;
      }
      if (run.state.phase === "armed") return { status: runs.statusOf(request.run), noticeMs: run.noticeMs };
      await run.ended;
      throw new SalvoError("program-failed", run.state.reason, { host: config.id });
    },

    async fire({ run: name, nonce, planHash, t0Ns }) {
      if (runs.isHeld(name))
        throw new SalvoError("wrong-state", `run ${name} has ended: ${runs.statusOf(name).reason}`, {
          host: config.id,
        });
      await runs.activeRun(name).tell({ type: "fire", nonce, planHash, t0Ns, nowNs: clock.now() });
      return runs.statusOf(name);
    },

    async abort(name, reason, signal) {
      if (!runs.isHeld(name)) {
        await runs.activeRun(name).tell({ type: "abort", reason });
        await runs.untilHeld(name, signal);
      }
      return runs.statusOf(name);
    },

    watch: (name, signal) => watchRun(runs, name, signal),

    async *collect({ run: name, ranges }, signal) {
      const journal = runs.journalOf(name);
      for (const { first, last } of ranges) {
        for (let seq = Math.max(1, first); seq <= last && !signal.aborted;) {
          const records = await journal.read(seq, last, COLLECT_BATCH_BYTES);
          if (records.length === 0) break;
          yield records.map(({ payload }) => payload);
          seq += records.length;
        }
      }
    },

    release: (name) => runs.release(name),
    stop: (reason) => runs.stop(reason),
  };
}
