import type { Manifest, RunSpec } from "@salvo/proto/run_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { EXIT, worstExit } from "@salvo/shared/kernel/exit.ts";
import { createLogger, type Logger } from "@salvo/shared/log/logger.ts";
import type { Controller, RunOptions } from "../service/controller.ts";
import { summaryJson, summaryOf } from "../store/manifest.ts";
import { exitOfVerdict } from "./exit.ts";
import { unreachableAgents } from "./look.ts";
import { createProgress, type Progress } from "./progress.ts";
import type { Io } from "./io.ts";
import { runTable } from "./table.ts";

/** Runs one after another, with progress on stderr, results on stdout, and Ctrl-C that stops all participants. */
export interface Session extends Disposable {
  /** Runs them in order; after Ctrl-C the present one is stopped and sealed, and no other begins. */
  runAll(controller: Controller, specs: readonly RunSpec[]): Promise<Manifest[]>;
  resumeAll(controller: Controller): Promise<Manifest[]>;
  /** Prints the table, unless the results were printed as JSON already, and gives the exit code. */
  conclude(manifests: readonly Manifest[]): number;
  readonly say: (line: string) => void;
  readonly stopped: AbortSignal;
}

export interface SessionOptions {
  readonly io: Io;
  readonly json: boolean;
}

export function openSession({ io, json }: SessionOptions): Session {
  const stop = new AbortController();
  /** A run of an earlier life could not be brought to its end. */
  let stuck = false;
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

  return {
    stopped: stop.signal,
    say: (line) => {
      progress?.end(); // what was drawn stays, above it
      io.stderr.write(`${line}\n`);
    },
    async runAll(controller, specs) {
      const manifests: Manifest[] = [];
      let unreachable: string[] = [];
      for (const [index, spec] of specs.entries()) {
        if (stop.signal.aborted) break;
        const place = specs.length > 1 ? `[${index + 1}/${specs.length}] ` : "";
        const manifest = finish(await controller.run(spec, follow(spec, place)));
        manifests.push(manifest);
        if (specs.length === index + 1) break;
        const gone: string[] = neverBegan(manifest)
          ? await unreachableAgents(controller.channels, spec, stop.signal)
          : [];
        const again = gone.filter((agent) => unreachable.includes(agent));
        if (again.length > 0) {
          io.stderr.write(
            `${again.join(", ")} cannot be reached, twice in a row: ${notBegun(specs.length - index - 1)}\n`,
          );
          break;
        }
        unreachable = gone;
      }
      return manifests;
    },
    async resumeAll(controller) {
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
      return manifests;
    },
    conclude(manifests) {
      if (!json && manifests.length > 0) io.stdout.write(runTable(manifests.map(summaryOf)));
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
