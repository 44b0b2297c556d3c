import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type RunStatus, RunPhase, RunStatusSchema } from "@salvo/proto/agent_pb.ts";
import { EventKind, Outcome, RecordSchema, type RunEnd } from "@salvo/proto/telemetry_pb.ts";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import type { Clock } from "../kernel/time.ts";
import { type Journal, openJournal } from "../journal/writer.ts";

/** A run that has ended, and whose journal waits to be collected and released. */
export interface HeldRun {
  readonly status: RunStatus;
  readonly journal: Journal;
}

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
      await mkdir(join(dataDir, "runs"), { recursive: true, mode: 0o700 });
      await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
        throw error.code === "EEXIST" ? new SalvoError("wrong-state", `run ${run} was here before`) : error;
      });
      try {
        return { folder, journal: await openJournal(join(folder, "journal")) };
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

/**
 * What earlier lives of this agent left behind. A journal without RunEnd was cut off in mid-run: it gets one that says so.
 * Its fio processes are gone, they do not outlive their agent.
 */
export async function recoverRuns(dataDir: string, clock: Clock): Promise<Map<string, HeldRun>> {
  const held = new Map<string, HeldRun>();
  await mkdir(join(dataDir, "runs"), { recursive: true, mode: 0o700 });
  for (const run of await readdir(join(dataDir, "runs"))) {
    const journal = await openJournal(join(dataDir, "runs", run, "journal"));
    const { started, end } = await lookBack(journal);
    if (!end) {
      const record = {
        seq: journal.lastSeq + 1,
        atNs: clock.now(),
        body: { case: "end", value: INTERRUPTED },
      } as const;
      journal.append(toBinary(RecordSchema, create(RecordSchema, record)));
    }
    await journal.end();
    held.set(run, { journal, status: endedStatus(run, { started, ...(end ?? INTERRUPTED) }, journal.durableSeq) });
  }
  return held;
}

const INTERRUPTED = { outcome: Outcome.INTERRUPTED, reason: "the agent was ended in the middle of the run" } as const;

async function lookBack(journal: Journal): Promise<{ started: boolean; end: RunEnd | undefined }> {
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
