import { headers } from "@nats-io/transport-node";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { PresenceSchema, type Presence } from "@salvo/proto/telemetry_pb.ts";
import type { Bus } from "./connection.ts";
import { MESSAGE_HEADER, PRESENCE_MESSAGE } from "./message.ts";
import { parseSubject, presenceSubject } from "./subjects.ts";

const PRESENCE_EVERY_MS = 5_000;

export interface PublishPresenceOptions {
  readonly bus: Bus;
  readonly lab: string;
  readonly agent: string;
  /** Asked each time anew. */
  readonly presence: () => Presence;
  readonly everyMs?: number;
}

/**
 * Says now and every 5 s that the agent is there, until disposed. Nothing is stored or retried: the next one says it
 * better. Throws `invalid-input` for names that cannot be part of a subject.
 */
export function publishPresence({ bus, lab, agent, presence, everyMs = PRESENCE_EVERY_MS }: PublishPresenceOptions) {
  const subject = presenceSubject(lab, agent);
  const message = headers();
  message.set(MESSAGE_HEADER, PRESENCE_MESSAGE);
  const say = () => {
    if (!bus.connected || bus.connection.isDraining()) return;
    bus.connection.publish(subject, toBinary(PresenceSchema, presence()), { headers: message });
  };
  say();
  const timer = setInterval(say, everyMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

export interface WatchPresenceOptions {
  readonly bus: Bus;
  readonly lab: string;
  /** Ends the iteration, without an error. */
  readonly signal: AbortSignal;
}

/** What agents of the lab say of themselves, from now on. Subscribes when first iterated; survives reconnects. */
export async function* watchPresence({ bus, lab, signal }: WatchPresenceOptions): AsyncGenerator<Presence, void> {
  if (signal.aborted) return;
  const subscription = bus.connection.subscribe(presenceSubject(lab));
  const stop = () => subscription.unsubscribe();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const { subject, data } of subscription) {
      const said = decode(data);
      // An agent speaks for itself only: the subject is what the server has checked.
      const speaker = parseSubject(subject);
      if (said && speaker?.type === "presence" && speaker.agent === said.agent) yield said;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** Undefined for bytes that are no Presence: anybody may write to a bus. */
function decode(data: Uint8Array): Presence | undefined {
  try {
    return fromBinary(PresenceSchema, data);
  } catch {
    return undefined;
  }
}
