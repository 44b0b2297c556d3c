import type { Manifest, RunSpec } from "@salvo/proto/run_pb.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT, worstExit } from "@salvo/shared/kernel/exit.ts";
import { createLogger, type Logger } from "@salvo/shared/log/logger.ts";
import { storageGroups } from "../domain/matrix.ts";
import type { Controller, RunOptions } from "../service/controller.ts";
import type { MadeStorage } from "../service/scenario-storage.ts";
import { summaryJson, summaryOf } from "../store/manifest.ts";
import { exitOfVerdict } from "./exit.ts";
import { unreachableAgents } from "./look.ts";
import { createProgress, type Progress } from "./progress.ts";
import type { Io } from "./io.ts";
import { resultText } from "./results.ts";

/** Runs one after another, with progress on stderr, results on stdout, and Ctrl-C that stops all participants. */
export interface Session extends Disposable {
  /**
   * Runs them in order; after Ctrl-C the present one is stopped and sealed, and no other begins. Runs whose storage cannot be
   * made are left out, and said.
   */
  runAll(controller: Controller, specs: readonly RunSpec[], storage?: StorageOfScenarios): Promise<Manifest[]>;
  resumeAll(controller: Controller, storage?: Pick<StorageOfScenarios, "takeDownLeft">): Promise<Manifest[]>;
  /** Prints the table, unless the results were printed as JSON already, and gives the exit code. */
  conclude(manifests: readonly Manifest[]): number;
  readonly say: (line: string) => void;
  readonly stopped: AbortSignal;
  /** Of an earlier life, by resumeAll. */
  readonly foundStorage: boolean;
}

/** What scenarios with storage need before their runs and after them. */
export interface StorageOfScenarios {
  /** Throws when it cannot be made; what there was of it is gone then. */
  readonly setUp: (spec: RunSpec) => Promise<MadeStorage>;
  /** What an earlier life of the controller has left: whether there was any, and whether all of it is gone; it says what stays. */
  readonly takeDownLeft: () => Promise<{ readonly found: boolean; readonly all: boolean }>;
}

export interface SessionOptions {
  readonly io: Io;
  readonly json: boolean;
}

export function openSession({ io, json }: SessionOptions): Session {
  const stop = new AbortController();
  /** A run of an earlier life could not be brought to its end, or storage not be made or taken away. */
  let stuck = false;
  let foundStorage = false;
  const onSignal = () => {
    // The second time it is meant: the agents abort by themselves, or end at their planned end.
    if (stop.signal.aborted) process.exit(EXIT.interrupted.code);
    io.stderr.write("\nstopping all participants (once more to leave at once)\n");
    stop.abort(new SalvoError("cancelled", "stopped by Ctrl-C or SIGTERM"));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, onSignal);

  /** What is being shown of the present run. */
  let progress: Progress | undefined;

  function follow(spec: RunSpec, place: string): RunOptions {
    const title = `${place}${spec.scenario}/${spec.workload?.name ?? ""}`;
    const shown = createProgress({ stream: io.stderr, title, nowMs: () => performance.now() });
    progress = shown;
    return { abort: stop.signal, onView: (view) => shown.show(view) };
  }

  function finish(manifest: Manifest): Manifest {
    progress?.end();
    const summary = summaryOf(manifest);
    if (json) io.stdout.write(`${JSON.stringify(summaryJson(summary))}\n`);
    if (summary.verdict !== "complete") io.stderr.write(`${summary.run}: ${summary.verdict}: ${summary.reason}\n`);
    return manifest;
  }

  /** Whether there was any. */
  async function tookDownLeft({ takeDownLeft }: Pick<StorageOfScenarios, "takeDownLeft">): Promise<boolean> {
    try {
      const { found, all } = await takeDownLeft();
      if (!all) stuck = true;
      return found;
    } catch (error) {
      const known = toSalvoError(error);
      if (known.kind === "internal") throw error;
      stuck = true;
      io.stderr.write(`what storage an earlier study has left is not known: ${known.describe()}\n`);
      return true;
    }
  }

  return {
    stopped: stop.signal,
    get foundStorage() {
      return foundStorage;
    },
    say: (line) => {
      progress?.end(); // what was drawn stays, above it
      io.stderr.write(`${line}\n`);
    },
    async runAll(controller, specs, storage) {
      const manifests: Manifest[] = [];
      let unreachable: string[] = [];
      let begun = 0;

      /** False when no other run should begin. */
      async function runOne(spec: RunSpec): Promise<boolean> {
        const place = specs.length > 1 ? `[${++begun}/${specs.length}] ` : "";
        const manifest = finish(await controller.run(spec, follow(spec, place)));
        manifests.push(manifest);
        if (specs.length === begun) return false;
        const gone: string[] = neverBegan(manifest)
          ? await unreachableAgents(controller.channels, spec, stop.signal)
          : [];
        const again = gone.filter((agent) => unreachable.includes(agent));
        unreachable = gone;
        if (again.length === 0) return !stop.signal.aborted;
        io.stderr.write(`${again.join(", ")} cannot be reached, twice in a row: ${notBegun(specs.length - begun)}\n`);
        return false;
      }

      async function runGroup(group: readonly RunSpec[]): Promise<boolean> {
        const [first] = group;
        const made = first?.storage && storage ? await madeFor(first, storage) : undefined;
        if (first?.storage && !made) {
          begun += group.length;
          return !stop.signal.aborted;
        }
        try {
          for (const spec of group) {
            if (made) spec.storage = made.storage;
            if (!(await runOne(spec))) return false;
          }
          return true;
        } finally {
          if (made && !(await made.takeDown())) stuck = true;
        }
      }

      async function madeFor(spec: RunSpec, { setUp }: StorageOfScenarios): Promise<MadeStorage | undefined> {
        try {
          return await setUp(spec);
        } catch (error) {
          const known = toSalvoError(error);
          if (known.kind === "internal") throw error;
          stuck = true;
          io.stderr.write(
            `${spec.scenario}: its storage could not be made, so none of its runs is begun: ${known.describe()}\n`,
          );
          return undefined;
        }
      }

      for (const group of storageGroups(specs)) if (stop.signal.aborted || !(await runGroup(group))) break;
      return manifests;
    },
    async resumeAll(controller, storage) {
      const manifests: Manifest[] = [];
      for await (const resumed of controller.resume((spec) => follow(spec, `resuming ${spec.run} `))) {
        if ("manifest" in resumed) {
          manifests.push(finish(resumed.manifest));
          continue;
        }
        stuck = true;
        progress?.end();
        io.stderr.write(`${resumed.run} cannot be brought to its end and stays open: ${resumed.problem.describe()}\n`);
      }
      foundStorage = storage !== undefined && (await tookDownLeft(storage));
      return manifests;
    },
    conclude(manifests) {
      if (!json && manifests.length > 0) io.stdout.write(resultText(manifests));
      return worstExit([
        ...manifests.map((manifest) => exitOfVerdict(summaryOf(manifest).verdict)),
        stuck ? "environment" : "ok",
        stop.signal.aborted ? "interrupted" : "ok",
      ]);
    },
    [Symbol.dispose]() {
      progress?.end(); // an error that ended the run begins a line of its own
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
    },
  };
}

/** Aborted before any T0 was agreed on. */
function neverBegan({ t0Ns, summary }: Manifest): boolean {
  return t0Ns === 0n && summary?.verdict === "aborted";
}

function notBegun(runs: number): string {
  return runs === 1 ? "the last run was not begun" : `${runs} more runs were not begun`;
}

export function cliLogger(): Logger {
  return createLogger({ name: "salvo" });
}
