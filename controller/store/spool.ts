import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { SeqRange } from "@salvo/proto/agent_pb.ts";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import type { Record } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { createRecordJudge } from "../domain/records/judge.ts";
import { createLeftOut } from "../domain/records/left-out.ts";
import { limitsOf, type StreamLimits } from "../domain/records/limits.ts";
import type { Source, SpoolEntry } from "./batch.ts";
import { syncFolder } from "@salvo/shared/files/durable.ts";
import { createIntake, type Intake } from "./intake.ts";
import { flushStream, isWhole, openStream, readInOrder, type Stream } from "./stream.ts";

/** The controller's copy of what every agent of a run recorded: one journal per agent, in order of arrival. */
export interface Spool extends AsyncDisposable {
  readonly agents: readonly string[];
  /**
   * Takes what came under the agent's name, decoded and judged here and nowhere else: the record when it is sound and new.
   * Undefined for one that is known already, and for one that its agent cannot have written in this run, which is left out
   * and told in notes(). Of what NATS brought the agent's own journal is asked again; what that gives counts. seq: as the
   * message says, if it does. It is on the disk within 100 ms, or after flush(). Throws what made the agent's spool fail:
   * `out-of-resources` for a full disk.
   */
  add(agent: string, seq: number | undefined, payload: Uint8Array, source: Source): Record | undefined;
  /**
   * To be awaited before more is added: undefined when there is room. Whoever brings records faster than the disk takes them
   * would else make the spool fail.
   */
  room(agent: string): Promise<void> | undefined;
  /** The agent has brought more than the plan can give, by NATS or by itself: nothing more is taken from there. */
  ended(agent: string, source: Source): boolean;
  /** What was left out or lost here, in sentences for a reader of the run's figures. */
  notes(): string[];
  /** Resolves when all added so far is on the disk. */
  flush(): Promise<void>;
  /** The highest seq of the agent's records here; 0 without any. */
  highest(agent: string): number;
  /** The agent's last word is here, and every record before it: there is no more of it. */
  isWhole(agent: string): boolean;
  /** What the plan lets the agent have. */
  limits(agent: string): StreamLimits;
  /** What the agent's own journal may have of 1 to lastSeq and is not here, or in doubt; nothing above the plan's limit. */
  missing(agent: string, lastSeq: number): Pick<SeqRange, "first" | "last">[];
  /** All records, ascending by seq, in batches. Flushes first. */
  read(agent: string): AsyncGenerator<SpoolEntry[], void, undefined>;
}

/** What a spool must know of its run. */
export type SpooledRun = Pick<RunSpec, "agents" | "participants" | "workload" | "intervalMs">;

/**
 * Opens the spool in a folder, made when it is missing, with all that was flushed to it before. Throws `wrong-state` when
 * somebody else has it open, `corrupt` when a file in it is not a spool.
 */
export async function openSpool(folder: string, run: SpooledRun): Promise<Spool> {
  await mkdir(folder, { recursive: true });
  await syncFolder(join(folder, ".."));
  await using undo = new AsyncDisposableStack();
  const judge = createRecordJudge(run);
  const leftOut = createLeftOut();
  const parts = new Map<string, Part>();
  for (const { id: agent } of run.agents) {
    const stream = await openStream(join(folder, `${agent}.journal`));
    undo.use(stream.journal);
    const limits = limitsOf(run, agent);
    parts.set(agent, { stream, limits, intake: createIntake({ agent, stream, judge, limits, leftOut }) });
  }
  const journals = undo.move();

  /** Bytes taken since the last flush that room() has asked for, by agent. */
  const unflushed = new Map<string, number>();

  const partOf = (agent: string): Part => {
    const part = parts.get(agent);
    if (part) return part;
    throw new SalvoError("not-found", `agent ${agent} is not in this run`, { host: agent, file: folder });
  };

  return {
    agents: [...parts.keys()],
    add(agent, seq, payload, source) {
      const part = parts.get(agent);
      if (part) {
        unflushed.set(agent, (unflushed.get(agent) ?? 0) + payload.length);
        return part.intake.take(seq, payload, source);
      }
      leftOut.add(undefined, undefined, {
        what: "came under the name of an agent that is not in this run",
        detail: agent,
      });
      return undefined;
    },
    room(agent) {
      const part = parts.get(agent);
      if (!part || (unflushed.get(agent) ?? 0) < UNFLUSHED_BYTES_MAX) return undefined;
      unflushed.set(agent, 0);
      return flushStream(part.stream);
    },
    ended: (agent, source) => partOf(agent).intake.ended(source),
    notes: () => [
      ...[...parts].flatMap(([agent, { stream, intake }]) => [...droppedNotes(agent, stream), ...intake.notes()]),
      ...leftOut.notes(),
    ],
    async flush() {
      await Promise.all([...parts.values()].map(({ stream }) => flushStream(stream)));
    },
    highest: (agent) => partOf(agent).stream.arrivals.highest,
    isWhole: (agent) => isWhole(partOf(agent).stream),
    limits: (agent) => partOf(agent).limits,
    missing(agent, lastSeq) {
      const { intake, stream, limits } = partOf(agent);
      return intake.ended("backfilled") ? [] : stream.arrivals.missing(Math.min(lastSeq, limits.recordsMax));
    },
    async *read(agent) {
      const { stream } = partOf(agent);
      await flushStream(stream);
      yield* readInOrder(stream);
    },
    async [Symbol.asyncDispose]() {
      try {
        for (const { stream } of parts.values()) stream.batch.append();
      } finally {
        await journals.disposeAsync();
      }
    },
  };
}

/** A quarter of what a journal lets wait for its disk. */
const UNFLUSHED_BYTES_MAX = 16 * 1024 * 1024;

interface Part {
  readonly stream: Stream;
  readonly limits: StreamLimits;
  readonly intake: Intake;
}

function droppedNotes(agent: string, { journal: { dropped } }: Stream): string[] {
  if (!dropped) return [];
  const { bytes, reason } = dropped;
  return [`${bytes} bytes of the controller's copy of ${agent}'s records were not whole and were set aside: ${reason}`];
}
