/** Shows a study: progress on standard error, results on standard output. */
import type { Manifest, RunSpec, RunSummary } from "@salvo/proto/run_pb.ts";
import { worstExit } from "@salvo/shared/kernel/exit.ts";
import type { RunPlace, StudyEvent } from "../service/study/events.ts";
import { summaryJson, summaryOf } from "../store/manifest.ts";
import { comparedRun } from "../analysis/comparison/compared-run.ts";
import { judgedStudies } from "../analysis/comparison/judged-studies.ts";
import { exitOfVerdict } from "./exit.ts";
import type { Io, Stop } from "./io.ts";
import { createProgress, type Progress } from "./progress.ts";
import { resultText, thresholdText } from "./results.ts";
import { textOf } from "../service/study/texts.ts";

export interface ShownStudy {
  readonly summaries: readonly RunSummary[];
  /** Something was left by an earlier life of the controller. */
  readonly foundLeft: boolean;
  readonly exitCode: number;
}

/** To its end. Throws what the study throws; what is drawn by then stays above that. */
export async function showStudy(
  events: AsyncIterable<StudyEvent>,
  { io, json }: { readonly io: Io; readonly json: boolean },
): Promise<ShownStudy> {
  const manifests: Manifest[] = [];
  let [foundLeft, leftBehind, stopped] = [false, false, false];
  /** Of the present run. */
  let progress: Progress | undefined;

  function begin(spec: RunSpec, place: RunPlace): void {
    const title = `${placeText(spec, place)}${spec.scenario}/${spec.workload?.name ?? ""}`;
    progress = createProgress({ stream: io.stderr, title, nowMs: () => performance.now() });
  }

  function seal(manifest: Manifest): void {
    const summary = summaryOf(manifest);
    manifests.push(manifest);
    progress?.end();
    if (json) io.stdout.write(`${JSON.stringify(summaryJson(summary))}\n`);
    if (summary.verdict !== "complete") io.stderr.write(`${summary.run}: ${summary.verdict}: ${summary.reason}\n`);
  }

  try {
    for await (const event of events) {
      const text = textOf(event);
      if (text !== undefined) {
        progress?.end(); // what was drawn stays, above it
        io.stderr.write(`${text}\n`);
      }
      if (event.type === "run-begun") begin(event.spec, event.place);
      else if (event.type === "view") progress?.show(event.view);
      else if (event.type === "run-sealed") seal(event.manifest);
      else if (event.type === "looked-back") foundLeft = event.runs > 0 || event.storage;
      else if (event.type === "ended") [leftBehind, stopped] = [event.leftBehind, event.reason.type === "stopped"];
    }
  } finally {
    progress?.end(); // an error that ended the study begins a line of its own
  }
  if (!json && manifests.length > 0) io.stdout.write(resultText(manifests));
  const judged = judgedStudies(
    manifests,
    manifests.flatMap((manifest) => comparedRun(manifest) ?? []),
  );
  (json ? io.stderr : io.stdout).write(thresholdText(judged));
  const summaries = manifests.map(summaryOf);
  const exitCode = worstExit([
    ...summaries.map(({ verdict }) => exitOfVerdict(verdict)),
    ...judged.map(({ judgement }) => EXIT_OF_JUDGEMENT[judgement]),
    leftBehind ? "environment" : "ok",
    stopped ? "interrupted" : "ok",
  ]);
  return { summaries, foundLeft, exitCode };
}

const EXIT_OF_JUDGEMENT = { pass: "ok", fail: "threshold", "cannot-tell": "cannot-tell" } as const;

function placeText({ run }: RunSpec, place: RunPlace): string {
  if (place === "resumed") return `resuming ${run} `;
  return place.of > 1 ? `[${place.number}/${place.of}] ` : "";
}

/** Ends a study in order: the present run is stopped and sealed, and storage that was made is taken down. */
export function stopStudy(io: Io): Stop {
  return io.stop(({ by, reason }) => {
    const why = by === "lost output" ? `${reason.message}: ` : "";
    const again = by === "signal" ? " (once more to leave at once)" : "";
    io.stderr.write(`\n${why}stopping all participants${again}\n`);
  });
}
