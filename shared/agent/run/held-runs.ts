import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type RunStatus, RunPhase, RunStatusSchema } from "@salvo/proto/agent_pb.ts";
import { EventKind, Outcome, RecordSchema, type RunEnd } from "@salvo/proto/telemetry_pb.ts";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { SalvoError, toSalvoError } from "../../kernel/error.ts";
import type { Clock } from "../../kernel/time.ts";
import type { Dropped } from "../../journal/reader.ts";
import { type Journal, openJournal } from "../../journal/writer.ts";
import type { Logger } from "../../log/logger.ts";
import { openReadOnly } from "./read-only-journal.ts";
import { errnoOf } from "../../kernel/errno.ts";

/** Nobody collects what is so old; a journal is some MiB. */
export const HELD_RUNS_MAX = 1000;

/** What publishing reads while fio is at work comes from memory: no reading disturbs the disk then. */
const RECENT_BYTES_MAX = 1024 * 1024;

/** A run that has ended, and whose journal waits to be collected and released. */
export interface HeldRun {
  readonly status: RunStatus;
  readonly journal: HeldJournal;
}

/** What comes of a run's journal when the run has ended. */
export type HeldJournal = Pick<Journal, "durableSeq" | "read" | "close">;

/** One folder a run: its journal and the working folders of its participants. */
export interface RunFolders {
  create(run: string): Promise<{ folder: string; journal: Journal }>;
  remove(run: string): Promise<void>;
}

export function runFolders(dataDir: string): RunFolders {
  const folderOf = (run: string) => join(dataDir, "runs", run);
  return {
    async create(run) {
      const folder = folderOf(run);
      await refuseTooMany(join(dataDir, "runs"));
      await mkdir(join(dataDir, "runs"), { recursive: true, mode: 0o700 });
      await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
        throw errnoOf(error) === "EEXIST" ? new SalvoError("wrong-state", `run ${run} was here before`) : error;
      });
      try {
        return { folder, journal: await openJournal(join(folder, "journal"), { recentBytesMax: RECENT_BYTES_MAX }) };
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        const { kind, message, remedy } = toSalvoError(error);
        throw new SalvoError(kind, `its journal cannot be made in ${folder}: ${message}`, {
          cause: error,
          ...(remedy !== undefined && { remedy }),
        });
      }
    },
    remove: (run) => rm(folderOf(run), { recursive: true, force: true }),
  };
}

async function refuseTooMany(runs: string): Promise<void> {
  const held = await readdir(runs).catch((error: unknown) => {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  });
  if (held.length < HELD_RUNS_MAX) return;
  throw new SalvoError("out-of-resources", `the agent holds ${held.length} runs that nobody has released`, {
    file: runs,
    remedy:
      "Type salvo resume, which collects what its controller left open; salvo agents shows what is held, and salvo agents --release RUN gives a run up",
  });
}

/**
 * What earlier lives of this agent left behind. A journal without RunEnd was cut off in mid-run: it gets one that says so.
 * Its fio processes are gone, they do not outlive their agent. No journal keeps an agent from starting: one that cannot be
 * written to any more is held with what is durable of it, and one that cannot be read is held as damaged, for a person.
 */
export async function recoverRuns(
  dataDir: string,
  clock: Clock,
  log: Pick<Logger, "warn">,
): Promise<Map<string, HeldRun>> {
  const held = new Map<string, HeldRun>();
  await mkdir(join(dataDir, "runs"), { recursive: true, mode: 0o700 });
  for (const run of await readdir(join(dataDir, "runs"))) {
    const path = join(dataDir, "runs", run, "journal");
    try {
      held.set(run, await recoverRun(run, await openJournal(path), clock, log));
    } catch (error) {
      log.warn({ run, error }, "the journal of a run cannot be opened; it is served as far as it can be read");
      held.set(run, await readOnlyRun(run, path, toSalvoError(error), log));
    }
  }
  return held;
}

const INTERRUPTED = { outcome: Outcome.INTERRUPTED, reason: "the agent was ended in the middle of the run" } as const;

async function recoverRun(run: string, journal: Journal, clock: Clock, log: Pick<Logger, "warn">): Promise<HeldRun> {
  const { dropped } = journal;
  if (dropped) log.warn({ run, dropped }, "the end of a run's journal was not whole, and was set aside");
  const { started, end } = await lookBack(journal);
  let { reason } = end ?? INTERRUPTED;
  try {
    if (!end) {
      if (dropped)
        append(journal, clock, { case: "event", value: { kind: EventKind.WARNING, text: whatWas(dropped) } });
      append(journal, clock, { case: "end", value: INTERRUPTED });
    }
    await journal.end();
  } catch (error) {
    log.warn({ run, error }, "the end of an interrupted run cannot be written; what is durable of it is served");
    reason = `${reason}; its end cannot be written: ${toSalvoError(error).describe()}`;
  }
  const { outcome } = end ?? INTERRUPTED;
  return { journal, status: endedStatus(run, { started, outcome, reason }, journal.durableSeq) };
}

function append(
  journal: Journal,
  clock: Clock,
  body: NonNullable<MessageInitShape<typeof RecordSchema>["body"]>,
): void {
  const record = { seq: journal.lastSeq + 1, atNs: clock.now(), body };
  journal.append(toBinary(RecordSchema, create(RecordSchema, record)));
}

function whatWas({ bytes, atByte, reason }: Dropped): string {
  return `${bytes} bytes at the end of the journal, from byte ${atByte}, were not whole and were set aside: ${reason}`;
}

async function readOnlyRun(
  run: string,
  path: string,
  problem: SalvoError,
  log: Pick<Logger, "warn">,
): Promise<HeldRun> {
  const journal = await openReadOnly(path, problem);
  const { started, end } = await lookBack(journal).catch((error: unknown) => {
    log.warn({ run, error }, "nothing of the run's journal can be read");
    return { started: false, end: undefined };
  });
  const reason = `${end?.reason || INTERRUPTED.reason}; its journal cannot be opened: ${problem.describe()}`;
  const outcome = end?.outcome ?? Outcome.INTERRUPTED;
  // A record that cannot be had: whoever collects is told of it, and does not take the run for an empty one.
  return { journal, status: endedStatus(run, { started, outcome, reason }, Math.max(1, journal.durableSeq)) };
}

async function lookBack(journal: HeldJournal): Promise<{ started: boolean; end: RunEnd | undefined }> {
  let started = false;
  let end: RunEnd | undefined;
  for (let seq = 1; seq <= journal.durableSeq;) {
    for (const { payload } of await journal.read(seq, journal.durableSeq)) {
      const { body } = fromBinary(RecordSchema, payload);
      if (body.case === "event" && body.value.kind === EventKind.RELEASED) started = true;
      if (body.case === "end") end = body.value;
      seq++;
    }
  }
  return { started, end };
}

export function endedStatus(
  run: string,
  end: { outcome: Outcome; reason: string; started: boolean },
  lastSeq: number,
): RunStatus {
  const { outcome, reason, started } = end;
  return create(RunStatusSchema, { run, phase: RunPhase.ENDED, outcome, reason, started, lastSeq });
}
