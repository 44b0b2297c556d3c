import { create } from "@bufbuild/protobuf";
import {
  type FioFinal,
  FioFinalSchema,
  type FioSample,
  type StartProof,
  StartProofSchema,
} from "@salvo/proto/telemetry_pb.ts";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDump } from "../../fio/dump.ts";
import { fioArguments, renderJob } from "../../fio/job.ts";
import type { StartBounds } from "../../fio/start.ts";
import { createSplitter } from "../../fio/splitter.ts";
import { toSalvoError } from "../../kernel/error.ts";
import { type Clock, msToNs, type Nanos } from "../../kernel/time.ts";
import { type RunningProcess, startProcess } from "../../process/start.ts";
import { fioRuntimeMs, type RunPlan } from "../domain/run-plan.ts";
import { createDumpDialogue } from "./dump-dialogue.ts";
import { type SetUpWatch, watchSetUp } from "./set-up-watch.ts";
import type { Gate, Workloads } from "./workloads.ts";

/** The fio process of one participant, from its start at the gate to its last word. */
export interface FioProcess {
  readonly participant: string;
  readonly pid: number;
  /** The next call is open: all that can be done before it is done here. Monotonic minus wall clock, now. */
  prepareToOpen(wallOffsetNs: Nanos): void;
  /** Opens the gate; until then fio has done no I/O. */
  open(): void;
  /** Takes the sample of a tick. */
  ask(tick: number): void;
  /** One more dump, only for proving the start; not when fio would be at its end before it has answered. */
  askForProof(): void;
  kill(): void;
  readonly ended: Promise<FioEnd>;
}

export interface FioEnd {
  /** What went wrong, in a sentence; empty when fio did what it was asked to. */
  readonly problem: string;
  readonly final: FioFinal | undefined;
  readonly start: StartProof | undefined;
}

export interface FioPlace {
  readonly fioPath: string;
  /** The participant's own folder; made here. */
  readonly folder: string;
  readonly device: { readonly path: string; readonly sizeBytes: bigint; readonly reservedBytes: bigint };
  readonly workloads: Pick<Workloads, "system" | "timing" | "openGate" | "environmentOf" | "requestDump" | "endFio">;
  readonly clock: Clock;
  onParked(): void;
  onSample(sample: FioSample): void;
}

export async function startFio(participant: string, plan: RunPlan, place: FioPlace): Promise<FioProcess> {
  await mkdir(place.folder, { recursive: true, mode: 0o700 });
  const gate = await place.workloads.openGate(place.folder, plan.workload.jobs);
  try {
    const jobFile = join(place.folder, "job.fio");
    const job = renderJob(plan.workload, {
      system: place.workloads.system,
      file: place.device.path,
      deviceBytes: place.device.sizeBytes,
      reservedBytes: place.device.reservedBytes,
      runtimeMs: fioRuntimeMs(plan.workload),
      gate: gate.command,
    });
    await writeFile(jobFile, job);
    const setUp = watchSetUp();
    const env = { ...process.env, ...place.workloads.environmentOf(place.folder) };
    const options = { cwd: place.folder, env, onStderr: setUp.sawStderr };
    const child = await startProcess(place.fioPath, fioArguments(jobFile), options);
    return follow(participant, place, { gate, child, setUp, runtimeNs: msToNs(fioRuntimeMs(plan.workload)) });
  } catch (error) {
    gate.close();
    throw error;
  }
}

interface Started {
  readonly gate: Gate;
  readonly child: RunningProcess;
  readonly setUp: SetUpWatch;
  readonly runtimeNs: Nanos;
}

function follow(participant: string, place: FioPlace, { gate, child, setUp, runtimeNs }: Started): FioProcess {
  const { clock, workloads } = place;
  const dialogue = createDumpDialogue({
    participant,
    clock,
    stampLagNs: workloads.timing.stampLagNs,
    request: () => workloads.requestDump(child, place.folder),
    onSample: (sample) => place.onSample(sample),
  });
  let releasedAtNs: Nanos | undefined;
  let lastDocument: string | undefined;
  /** Came past fio's planned end: a late answer, or fio's result. */
  let held: { readonly document: string; readonly receivedAtNs: Nanos } | undefined;
  let garbage: string | undefined;
  let failedJob: string | undefined;
  const splitter = createSplitter();

  async function readDocuments(): Promise<void> {
    try {
      for await (const chunk of child.stdout) {
        setUp.sawStdout(chunk);
        for (const document of splitter.push(chunk)) {
          takeHeld();
          lastDocument = document;
          if (isOver()) held = { document, receivedAtNs: clock.now() };
          else dialogue.take(document);
        }
      }
    } catch (error) {
      garbage = toSalvoError(error).message;
      workloads.endFio(child);
    }
  }

  /** From here on a document may be fio's result, which is no answer: the tail is in it, and its run time is off. */
  function isOver(): boolean {
    return releasedAtNs !== undefined && clock.now() >= releasedAtNs + runtimeNs;
  }

  /** fio prints its result last, when nothing can ask it any more: a document with another after it was a live dump. */
  function takeHeld(): void {
    if (!held || releasedAtNs === undefined) return;
    const { document, receivedAtNs } = held;
    held = undefined;
    dialogue.take(document, { receivedAtNs, ioUntilNs: releasedAtNs + runtimeNs });
  }

  /** Its other jobs would wait at their gates until arming takes too long. */
  async function endAtFailedJob(): Promise<void> {
    failedJob = await setUp.failed;
    workloads.endFio(child);
  }

  async function watchGate(): Promise<void> {
    for await (const _ of gate.parked) place.onParked();
  }

  async function end(): Promise<FioEnd> {
    const parked = watchGate();
    const [{ exitCode, signal: endedBy, stderr }] = await Promise.all([child.exited, readDocuments()]);
    gate.close();
    await parked;
    dialogue.end();
    const said = lastWords(stderr) || lastWords(splitter.noise);
    const facts = { failedJob, exitCode, endedBy, said, garbage, lastDocument };
    return {
      problem: problemOf(facts),
      final: finalOf(participant, facts),
      start: proofOf(participant, dialogue.startBounds(), releasedAtNs),
    };
  }

  void endAtFailedJob();
  return {
    participant,
    pid: child.pid,
    prepareToOpen(offsetNs) {
      gate.allow();
      dialogue.setWallOffset(offsetNs);
    },
    open() {
      setUp.end();
      releasedAtNs = clock.now();
      gate.open();
    },
    ask: (tick) => dialogue.ask(tick),
    askForProof() {
      const slowNs = dialogue.slowestNs * SLOWER;
      const leftNs = (releasedAtNs ?? clock.now()) + runtimeNs - clock.now();
      if (leftNs > (slowNs > PROOF_ENDS_NS ? slowNs : PROOF_ENDS_NS)) dialogue.askForProof();
    },
    kill: () => workloads.endFio(child),
    ended: end(),
  };
}

interface EndFacts {
  readonly failedJob: string | undefined;
  readonly exitCode: number | null;
  readonly endedBy: string | null;
  readonly said: string;
  readonly garbage: string | undefined;
  readonly lastDocument: string | undefined;
}

function finalOf(participant: string, { exitCode, lastDocument: json }: EndFacts): FioFinal | undefined {
  return json === undefined ? undefined : create(FioFinalSchema, { participant, exitCode: exitCode ?? -1, json });
}

function proofOf(
  participant: string,
  bounds: StartBounds | undefined,
  releasedAtNs: Nanos | undefined,
): StartProof | undefined {
  if (!bounds || releasedAtNs === undefined) return undefined;
  const { earliestNs, latestNs, stepped: wallClockSet } = bounds;
  return create(StartProofSchema, { participant, releasedAtNs, earliestNs, latestNs, wallClockSet });
}

/** fio exits with 0 in several ways of failing (a prerun that failed, above all), so its result is looked at as well. */
function problemOf({ failedJob, exitCode, endedBy, said, garbage, lastDocument }: EndFacts): string {
  if (failedJob !== undefined) return failedJob;
  if (garbage) return garbage;
  if (endedBy) return `fio was ended by ${endedBy}${said && `: ${said}`}`;
  if (exitCode !== 0) return `fio exited with ${exitCode}${said && `: ${said}`}`;
  if (lastDocument === undefined) return `fio ended without a result${said && `: ${said}`}`;
  try {
    const final = parseDump(lastDocument);
    if (final.error !== 0) return `fio reports error ${final.error}${said && `: ${said}`}`;
    if (final.read.ios + final.write.ios === 0) return "fio exited with 0 but did no I/O";
    return "";
  } catch (error) {
    return toSalvoError(error).message;
  }
}

/** The end of what fio said, without the line that it prints whenever a gate was passed. */
function lastWords(text: string): string {
  const lines = text
    .split(/\r?\n/)
    .filter((line) => line.trim() && !line.endsWith("Saving output of prerun in job.prerun.txt"));
  return lines.slice(-3).join(" / ").slice(-300);
}

/**
 * How long before fio's own end the last dump may be asked for, and if it is slow to answer, so many times its slowest answer:
 * in its last breath fio 3.33 may never answer, and has been seen to abort.
 */
const PROOF_ENDS_NS: Nanos = msToNs(60);
const SLOWER = 3n;
