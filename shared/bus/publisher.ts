import { create, toBinary } from "@bufbuild/protobuf";
import { RecordBatchSchema } from "@salvo/proto/telemetry_pb.ts";
import { createHmac, randomBytes } from "node:crypto";
import { assert } from "../kernel/assert.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { sleep } from "../kernel/signal.ts";
import { createAnswers } from "./answers.ts";
import type { Bus } from "./connection.ts";
import type { MsgHdrs } from "@nats-io/transport-node";
import { batchHeaders, HEADER_BYTES_MAX, recordHeaders } from "./message.ts";
import { createSlots } from "./slots.ts";
import { checkToken, runSubject, type Kind } from "./subjects.ts";

/** A server that takes messages and does not answer is asked again so soon. */
const ACK_TIMEOUT_MS = 1_500;
const RETRY_WAIT_MIN_MS = 100;
const RETRY_WAIT_MAX_MS = 2_000;
/** JetStream's code for a message above the stream's own limit (server/errors.json, JSStreamMessageExceedsMaximumErr). */
const TOO_LARGE_FOR_STREAM = 10054;

export interface PublisherOptions {
  readonly bus: Bus;
  readonly lab: string;
  readonly run: string;
  readonly agent: string;
  /** Messages that wait for their ack at the same time. */
  readonly inFlightMax?: number;
  /** Ends it as disposing does. */
  readonly signal?: AbortSignal;
}

export interface PublishedRecord {
  readonly seq: number;
  readonly payload: Uint8Array;
}

export interface PublisherCounters {
  /** Messages, as all that is counted here. */
  readonly acked: number;
  /** Attempts that failed and were made again. */
  readonly retried: number;
  /** Too large for the bus: the journal has them, Collect fetches them. */
  readonly skipped: number;
  readonly inFlight: number;
  /** Why the last attempt failed that did. */
  readonly lastProblem: string | undefined;
}

export type PublishOutcome = "acked" | "skipped" | "stopped";

export interface Publisher extends AsyncDisposable {
  /**
   * Resolves when JetStream has stored the record, when it never will because it is too large, or when the publisher is
   * disposed. Whatever the server does it does not reject: the journal is the record, this is its fast copy.
   * Beyond `inFlightMax` it queues and holds the payload: await `room()` before publishing to bound that too.
   */
  publish(seq: number, kind: Kind, payload: Uint8Array): Promise<PublishOutcome>;
  /** The same for records of one kind in one message, which the caller keeps below the bus's limit; at least one. One alone goes as with publish(). */
  publishBatch(kind: Kind, records: readonly PublishedRecord[]): Promise<PublishOutcome>;
  /** Resolves when a publish would not queue. Throws the signal's reason, `cancelled` once the publisher is disposed. */
  room(): Promise<void>;
  readonly counters: PublisherCounters;
}

/** Throws `invalid-input` when a name cannot be part of a subject. */
export function createPublisher({ bus, lab, run, agent, inFlightMax = 64, signal }: PublisherOptions): Publisher {
  assert(Number.isInteger(inFlightMax) && inFlightMax > 0, `inFlightMax is ${inFlightMax}`);
  checkToken("lab", lab);
  checkToken("run", run);
  checkToken("agent", agent);

  const secret = randomBytes(32);
  const idOf = (seq: number) => createHmac("sha256", secret).update(String(seq)).digest("base64url").slice(0, 22);
  const stop = new AbortController();
  const ended = signal ? AbortSignal.any([stop.signal, signal]) : stop.signal;
  const pending = new Set<Promise<PublishOutcome>>();
  const slots = createSlots(inFlightMax);
  const answers = createAnswers(bus, ACK_TIMEOUT_MS);
  let acked = 0;
  let retried = 0;
  let skipped = 0;
  let lastProblem: string | undefined;

  async function deliver(message: Message): Promise<PublishOutcome> {
    try {
      await slots.take({ signal: ended });
    } catch {
      return "stopped"; // the only reason that ends the wait
    }
    try {
      return await retryUntilAcked(message, runSubject({ lab, run, kind: message.kind, agent }));
    } finally {
      slots.release();
    }
  }

  async function retryUntilAcked({ seq, payload, headers }: Message, subject: string): Promise<PublishOutcome> {
    for (let attempt = 0; !ended.aborted && !bus.connection.isClosed(); attempt++) {
      try {
        // What is published while disconnected is silently dropped by the client, so wait.
        await bus.untilConnected({ signal: ended });
        if (payload.length + HEADER_BYTES_MAX > (bus.server?.maxPayloadBytes ?? Infinity))
          return skip(seq, "the server");
        await publishOnce(subject, payload, headers);
        acked++;
        return "acked";
      } catch (caught) {
        if (ended.aborted) break;
        if (caught instanceof Refusal && caught.code === TOO_LARGE_FOR_STREAM) return skip(seq, "the stream");
        retried++;
        lastProblem = toSalvoError(caught).message;
      }
      const wait = Math.min(RETRY_WAIT_MAX_MS, RETRY_WAIT_MIN_MS * 2 ** attempt);
      await sleep(wait, { signal: ended }).catch(() => {}); // the loop sees the end
    }
    return "stopped";
  }

  async function publishOnce(subject: string, payload: Uint8Array, record: MsgHdrs): Promise<void> {
    parseAck(await answers.ask(subject, payload, record));
  }

  function skip(seq: number, whose: string): PublishOutcome {
    skipped++;
    lastProblem = `record ${seq} is above ${whose}'s message limit`;
    return "skipped";
  }

  async function publish(message: Message): Promise<PublishOutcome> {
    assert(Number.isSafeInteger(message.seq) && message.seq > 0, `record number ${message.seq}`);
    const outcome = deliver(message);
    pending.add(outcome);
    try {
      return await outcome;
    } finally {
      pending.delete(outcome);
    }
  }

  async function publishOne(seq: number, kind: Kind, payload: Uint8Array): Promise<PublishOutcome> {
    return publish({ seq, kind, payload, headers: recordHeaders({ id: idOf(seq), seq }) });
  }

  return {
    publish: publishOne,
    async publishBatch(kind, records) {
      const [first] = records;
      assert(first, "a batch has records");
      if (records.length === 1) return publishOne(first.seq, kind, first.payload);
      const batch = create(RecordBatchSchema, { records: records.map(({ payload }) => payload) });
      // A record is in one message only, so the first one's number names the batch.
      return publish({
        seq: first.seq,
        kind,
        payload: toBinary(RecordBatchSchema, batch),
        headers: batchHeaders(idOf(first.seq)),
      });
    },
    room: () => slots.free({ signal: ended }),
    get counters() {
      return { acked, retried, skipped, inFlight: slots.used, lastProblem };
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new SalvoError("cancelled", `publishing of run ${run} is over`));
      answers[Symbol.dispose]();
      await Promise.all(pending);
    },
  };
}

/** One message: a record, or a batch under the number of its first. */
interface Message extends PublishedRecord {
  readonly kind: Kind;
  readonly headers: MsgHdrs;
}

class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: number;
  constructor(code: number, description: string) {
    super(description);
    this.code = code;
  }
}

/** JetStream's answer is JSON: `{stream, seq, duplicate?}`, with `error: {code, err_code, description}` if it was refused. */
function parseAck(text: string): void {
  const ack: unknown = JSON.parse(text);
  if (typeof ack === "object" && ack !== null) {
    // The server's documented shape; what is not as documented ends up in the text.
    const { error } = ack as { error?: { err_code?: number; description?: string } };
    if (error) throw new Refusal(error.err_code ?? 0, error.description ?? text);
    if ("stream" in ack && "seq" in ack) return;
  }
  throw new Error(`somebody who is not JetStream answered: ${text.slice(0, 100)}`);
}
