import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { fromBinary } from "@bufbuild/protobuf";
import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  ReplayPolicy,
  type ConsumerMessages,
  type JsMsg,
  type StreamInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { RecordBatchSchema } from "@salvo/proto/telemetry_pb.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { sleep } from "../kernel/signal.ts";
import type { Bus } from "./connection.ts";
import { BATCH_RECORDS_MAX, isBatch, seqOf } from "./message.ts";
import { recordHead } from "./record-head.ts";
import { ensureStream, openManager, type StreamLimits } from "./stream.ts";
import { parseSubject, runSubjects, type Kind } from "./subjects.ts";

/** With batches of 128 KiB, 16 MiB wait here at most. */
const MESSAGES_AHEAD_MAX = 128;
/** After so many records the event loop gets its turn: messages that have come are read without one. */
const RECORDS_A_TURN = 500;
const PULL_EXPIRES_MS = 10_000;
/** Two of them missed: the server or the consumer is gone, and everything is looked at anew. */
const HEARTBEAT_MS = 2_000;
const CONSUMER_LIFE_MS = 60_000;
const RETRY_WAIT_MIN_MS = 100;
const RETRY_WAIT_MAX_MS = 2_000;

export interface RunMessage {
  readonly run: string;
  readonly agent: string;
  readonly kind: Kind;
  /** As the message says; of a record in a batch as the record's first bytes say, 0 when they say nothing. */
  readonly seq: number;
  /** An encoded salvo.v1.Record, the very bytes of the agent's journal. */
  readonly payload: Uint8Array;
  /** When the server stored it, ns since 1970 on its clock. */
  readonly storedAtNs: bigint;
  /** How many records and messages of what was asked for the stream had after this one when it gave this one; 0: none. */
  readonly pending: number;
}

export interface ConsumeOptions {
  readonly bus: Bus;
  readonly lab: string;
  /** Of this run; of all runs when absent. */
  readonly run?: string | undefined;
  readonly limits?: StreamLimits;
  /** Ends the iteration, without an error. */
  readonly signal: AbortSignal;
  /** Told what went wrong each time the consumer has to be made anew. */
  readonly onTrouble?: (problem: SalvoError) => void;
}

/** How far we are in one incarnation of the stream. */
interface Cursor {
  readonly created: string;
  readonly seq: number;
}

/**
 * All records of a run that are or come into the lab's stream, from the beginning, at least once: deduplicate by run,
 * agent and seq. It outlives reconnects, restarts and a wiped or shortened store; what the server forgot is for Collect.
 *
 * There is nothing to acknowledge: the position is kept here, not in a durable consumer. A server that lost its last
 * writes may keep such a consumer's position, and then never deliver what is stored in their place.
 * Throws `wrong-state` when the stream cannot be what it must be.
 */
export async function* consumeRun(options: ConsumeOptions): AsyncGenerator<RunMessage, void> {
  const { bus, run, signal, onTrouble } = options;
  let cursor: Cursor | undefined;
  let attempt = 0;
  let inTurn = 0;

  while (!signal.aborted) {
    try {
      await bus.untilConnected({ signal });
      const info = await ensureStream(options);
      for await (const message of readStream(options, info, startOf(info, cursor))) {
        if (signal.aborted) return;
        attempt = 0;
        cursor = { created: info.created, seq: message.seq };
        const records = toRunMessages(message);
        yield* records;
        inTurn += records.length;
        if (inTurn < RECORDS_A_TURN) continue;
        inTurn = 0;
        await nextTurn();
      }
    } catch (caught) {
      if (signal.aborted) return;
      const problem = caught instanceof SalvoError ? caught : unavailable(bus, run, caught);
      if (problem.kind !== "unavailable") throw problem;
      onTrouble?.(problem);
      const wait = Math.min(RETRY_WAIT_MAX_MS, RETRY_WAIT_MIN_MS * 2 ** attempt++);
      await sleep(wait, { signal }).catch(() => {}); // the loop sees the end
    }
  }
}

/** Goes on where we were, or from the start when the stream is another one or has lost its end. */
function startOf(info: StreamInfo, cursor: Cursor | undefined): number {
  const same = cursor && cursor.created === info.created && cursor.seq <= info.state.last_seq;
  return same ? cursor.seq + 1 : 1;
}

/** Reads until the connection is lost or the signal aborts; throws when the consumer or stream disappears. */
async function* readStream({ bus, lab, run, signal }: ConsumeOptions, { config }: StreamInfo, start: number) {
  const manager = await openManager(bus);
  const name = `salvo-${run ?? "all"}-${randomUUID()}`;
  await manager.consumers.add(config.name, {
    name,
    filter_subject: runSubjects(lab, run),
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: start,
    replay_policy: ReplayPolicy.Instant,
    ack_policy: AckPolicy.None,
    inactive_threshold: nanos(CONSUMER_LIFE_MS),
    mem_storage: true,
    num_replicas: 1,
  });
  const consumer = await jetstream(bus.connection).consumers.get(config.name, name);
  const messages = await consumer.consume({
    max_messages: MESSAGES_AHEAD_MAX,
    expires: PULL_EXPIRES_MS,
    idle_heartbeat: HEARTBEAT_MS,
    abort_on_missing_resource: true,
  });
  const ending = endWith(messages, bus, signal);
  try {
    yield* messages;
  } finally {
    ending[Symbol.dispose]();
    messages.stop();
    // It expires by itself when the server does not hear this.
    if (bus.connected) manager.consumers.delete(config.name, name).catch(() => {});
  }
}

/** Stops the messages when the signal aborts or the connection is lost: after a restart nothing is taken for granted. */
function endWith(messages: ConsumerMessages, bus: Bus, signal: AbortSignal): Disposable {
  const stop = () => messages.stop();
  const statuses = bus.connection.status();
  void (async () => {
    for await (const { type } of statuses) if (type === "disconnect" || type === "close") stop();
  })();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  return {
    [Symbol.dispose]() {
      signal.removeEventListener("abort", stop);
      // The client's iterator has a stop that its type does not show.
      (statuses as unknown as { stop(): void }).stop();
    },
  };
}

/** None for what somebody else wrote under our subjects. */
function toRunMessages(message: JsMsg): RunMessage[] {
  const subject = parseSubject(message.subject);
  if (subject?.type !== "run") return [];
  const { run, agent, kind } = subject;
  const from = { run, agent, kind, storedAtNs: message.timestampNanos, pending: message.info.pending };
  if (isBatch(message.headers))
    return recordsOf(message.data).map((payload, index, { length }) => ({
      ...from,
      seq: recordHead(payload).seq,
      payload,
      pending: from.pending + length - 1 - index,
    }));
  const seq = seqOf(message.headers);
  return seq === undefined ? [] : [{ ...from, seq, payload: message.data }];
}

/** A batch that cannot be taken apart is passed on whole, as a record that will be found damaged. */
function recordsOf(batch: Uint8Array): readonly Uint8Array[] {
  try {
    const { records } = fromBinary(RecordBatchSchema, batch);
    return records.length <= BATCH_RECORDS_MAX ? records : [batch];
  } catch {
    return [batch];
  }
}

function unavailable(bus: Bus, run: string | undefined, caught: unknown): SalvoError {
  const what = run === undefined ? "all runs" : `run ${run}`;
  return new SalvoError("unavailable", `consuming ${what} from ${bus.url}: ${toSalvoError(caught).message}`, {
    cause: caught,
  });
}
