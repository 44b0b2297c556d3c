import { createInbox, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import type { Bus } from "./connection.ts";

/** The server's word that nobody listens on a subject (nats-architecture-and-design, ADR-4). */
const NO_RESPONDERS = 503;

/**
 * Asks as the client's own request() does, with less work for each question: that makes an error with a stack for every
 * answer, and several promises that must be watched for the end of the connection. On a measured host that counts.
 */
export interface Answers extends Disposable {
  /** Resolves with the answer. Throws after timeoutMs, when nobody listens, when the connection is lost, and when disposed. */
  ask(subject: string, payload: Uint8Array, headers: MsgHdrs): Promise<string>;
}

interface Question {
  readonly answered: (message: Msg) => void;
  readonly failed: (reason: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

export function createAnswers(bus: Bus, timeoutMs: number): Answers {
  const { connection } = bus;
  const inbox = createInbox(`_INBOX_${bus.name}`);
  const open = new Map<string, Question>();
  let asked = 0;
  let watched: AbortSignal | undefined;

  function close(reply: string): Question | undefined {
    const question = open.get(reply);
    clearTimeout(question?.timer);
    open.delete(reply);
    return question;
  }

  function failAll(reason: unknown): void {
    for (const reply of open.keys()) close(reply)?.failed(reason);
  }

  /** One listener for each connection, not for each question. */
  function watchConnection(): void {
    const { lost } = bus;
    if (lost === watched) return;
    watched = lost;
    lost.addEventListener("abort", () => failAll(lost.reason), { once: true });
  }

  const subscription = connection.subscribe(`${inbox}.*`, {
    callback(error, message) {
      if (error) failAll(error);
      else close(message.subject)?.answered(message);
    },
  });

  return {
    async ask(subject, payload, headers) {
      bus.lost.throwIfAborted();
      watchConnection();
      const reply = `${inbox}.${++asked}`;
      const { promise, resolve, reject } = Promise.withResolvers<Msg>();
      const late = () => close(reply)?.failed(new Error(`no answer in ${timeoutMs} ms`));
      open.set(reply, { answered: resolve, failed: reject, timer: setTimeout(late, timeoutMs) });
      try {
        connection.publish(subject, payload, { reply, headers });
      } catch (error) {
        close(reply)?.failed(error);
      }
      const answer = await promise;
      if (answer.headers?.code === NO_RESPONDERS) throw new Error(`no responders: '${subject}'`);
      return answer.string();
    },
    [Symbol.dispose]() {
      failAll(new Error("nobody waits for the answer any more"));
      subscription.unsubscribe();
    },
  };
}
