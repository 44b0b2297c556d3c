import {
  DiscardPolicy,
  jetstreamManager,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
  type StreamInfo,
} from "@nats-io/jetstream";
import { nanos } from "@nats-io/transport-node";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import type { Bus } from "./connection.ts";
import { runSubjects, streamName } from "./subjects.ts";

const API_TIMEOUT_MS = 5_000;
/** From the server's errors.json. */
const NAME_IN_USE = 10058;

export interface StreamLimits {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
  /** The server keeps some 450 bytes of memory for a message of a subject of its own, however short the message is. */
  readonly maxMessages: number;
  readonly maxMessageBytes: number;
  /**
   * How long JetStream knows an id. A retry that comes later is stored twice: readers deduplicate by agent and seq. The server
   * keeps ids in memory for so long, and anybody who may publish chooses the length of an id.
   */
  readonly duplicateWindowMs: number;
  readonly replicas: number;
}

/** The stream is a buffer between agents and controller, not an archive: oldest messages go first, journals have them. */
export const DEFAULT_LIMITS: StreamLimits = {
  maxAgeMs: 24 * 60 * 60 * 1000,
  maxBytes: 1024 ** 3,
  // 64 agents with an interval of 100 ms fill it in three minutes, and the bytes in four.
  maxMessages: 500_000,
  maxMessageBytes: 1024 ** 2,
  duplicateWindowMs: 10 * 1000,
  replicas: 1,
};

export interface EnsureStreamOptions {
  readonly bus: Bus;
  readonly lab: string;
  readonly limits?: StreamLimits;
}

/**
 * Makes or updates the lab's stream and reads it back: old servers ignore what they do not know without a word.
 * Throws `unavailable` while the server cannot be asked, `wrong-state` naming the fields that are not as they must be.
 */
export async function ensureStream({ bus, lab, limits = DEFAULT_LIMITS }: EnsureStreamOptions): Promise<StreamInfo> {
  return applyStream(bus, {
    name: streamName(lab),
    subjects: [runSubjects(lab)],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    num_replicas: limits.replicas,
    max_age: nanos(limits.maxAgeMs),
    max_bytes: limits.maxBytes,
    max_msgs: limits.maxMessages,
    max_msg_size: limits.maxMessageBytes,
    duplicate_window: nanos(limits.duplicateWindowMs),
    // The server acknowledges a message to whatever subject its publisher names for the answer, with the server's own rights.
    // {"stream":...,"seq":...} is also a request to purge or delete: docs/decisions/0065-nobody-empties-the-stream.md
    deny_purge: true,
    deny_delete: true,
  });
}

export type WantedStream = Partial<StreamConfig> & { readonly name: string; readonly subjects: string[] };

/** Exported for its test: the server must not be believed. */
export async function applyStream(bus: Bus, wanted: WantedStream): Promise<StreamInfo> {
  const manager = await openManager(bus);
  let info: StreamInfo;
  try {
    await addOrUpdate(manager, wanted);
    info = await manager.streams.info(wanted.name);
  } catch (caught) {
    throw streamError(bus, wanted.name, caught);
  }
  const differing = differences(wanted, info.config);
  if (differing.length === 0) return info;
  throw new SalvoError("wrong-state", `stream ${wanted.name} on ${bus.url} is not as asked: ${differing.join(", ")}`, {
    remedy: "The server is too old or limits the account: change its configuration, or use another server",
  });
}

/** The JetStream API; throws `unavailable` when the server is away or has no JetStream. For the controller only. */
export async function openManager(bus: Bus): Promise<JetStreamManager> {
  try {
    return await jetstreamManager(bus.connection, { timeout: API_TIMEOUT_MS });
  } catch (caught) {
    throw new SalvoError("unavailable", `no JetStream at ${bus.url}: ${toSalvoError(caught).message}`, {
      cause: caught,
      // The client does not export this class.
      ...(caught instanceof Error &&
        caught.name === "JetStreamNotEnabled" && { remedy: "Start that nats-server with JetStream (-js)" }),
    });
  }
}

async function addOrUpdate(manager: JetStreamManager, wanted: WantedStream): Promise<void> {
  try {
    await manager.streams.add(wanted);
  } catch (caught) {
    if (!(caught instanceof JetStreamApiError) || caught.code !== NAME_IN_USE) throw caught;
    await manager.streams.update(wanted.name, wanted);
  }
}

function streamError(bus: Bus, name: string, caught: unknown): SalvoError {
  if (!(caught instanceof JetStreamApiError)) {
    return new SalvoError("unavailable", `stream ${name} on ${bus.url}: ${toSalvoError(caught).message}`, {
      cause: caught,
    });
  }
  // 503: no leader, still recovering. Everything else stays so until somebody changes something.
  const kind = caught.status === 503 ? "unavailable" : "wrong-state";
  return new SalvoError(kind, `stream ${name} on ${bus.url}: ${caught.message}`, {
    cause: caught,
    remedy: `Delete what is in the way, for example: nats stream rm ${name}; it is only a buffer`,
  });
}

function differences(wanted: WantedStream, actual: StreamConfig): string[] {
  const found = new Map<string, unknown>(Object.entries(actual));
  return Object.entries(wanted)
    .filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(found.get(field)))
    .map(([field, value]) => `${field} is ${JSON.stringify(found.get(field))} instead of ${JSON.stringify(value)}`);
}
