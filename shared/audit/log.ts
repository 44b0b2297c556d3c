import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { type AppendOptions, openAppender } from "./append.ts";
import type { Deed, Details, Happening, Head } from "./entry.ts";

/** Who did what, when, and how it ended (entry.ts). Several processes may have the same log open. */
export interface AuditLog extends AsyncDisposable {
  /** Of the last entry that this process found or wrote; its number is 0 while there is none. */
  readonly head: Head;
  /** What a crash had cut off at its end; an entry tells of it. */
  readonly tornBytes: number;
  /**
   * Does a deed between its two entries: the first is on the disk before `act` is called, the second when this returns.
   * `answer` gives what else is told at the end. Throws, and does not act, when the first cannot be written; throws what
   * `act` throws, after an entry that says so; and otherwise what kept the second from being written.
   */
  around<T>(deed: Deed, act: () => Promise<T>, answer?: (value: T) => Details): Promise<T>;
  /** The first half of `around`, for who cannot wait for the second. On the disk when it resolves. */
  begin(deed: Deed): Promise<Begun>;
  /** Something learnt. On the disk when it resolves. */
  note(deed: Deed): Promise<void>;
}

export interface Begun {
  /** On the disk when it resolves. */
  end(outcome: DeedOutcome): Promise<void>;
}

export type DeedOutcome = { readonly answer?: Details } | { readonly error: unknown };

const MESSAGE_CHARS_MAX = 2_000;

/**
 * Makes the file with its first entry; its folder must be there. Throws `corrupt` when the end of the file is not as it
 * was written. Disposing waits for what is being written.
 */
export async function openAuditLog(file: string, options: AppendOptions): Promise<AuditLog> {
  const appender = await openAppender(file, options);
  const append = inTurn((happenings: readonly Happening[]) => appender.append(happenings));

  async function begin({ who, what, details = {} }: Deed): Promise<Begun> {
    const { seq: of } = await append({ kind: "begin", who, what, details });
    return {
      async end(outcome) {
        await append({ kind: "end", who, what, of, ...told(outcome) });
      },
    };
  }

  return {
    get head() {
      return appender.head;
    },
    get tornBytes() {
      return appender.tornBytes;
    },
    begin,
    async note({ who, what, details = {} }) {
      await append({ kind: "note", who, what, details });
    },
    async around(deed, act, answer) {
      const begun = await begin(deed);
      let value;
      try {
        value = await act();
      } catch (error) {
        await endFailed(begun, error);
        throw error;
      }
      await begun.end(answer ? { answer: answer(value) } : {});
      return value;
    },
    async [Symbol.asyncDispose]() {
      await append.idle();
    },
  };
}

async function endFailed(begun: Begun, error: unknown): Promise<void> {
  try {
    await begun.end({ error });
  } catch (unwritten) {
    const { kind, message } = toSalvoError(error);
    throw new SalvoError(kind, `${message}; and ${toSalvoError(unwritten).message}`, { cause: error });
  }
}

function told(outcome: DeedOutcome): Pick<Happening & { kind: "end" }, "result" | "message" | "details"> {
  if (!("error" in outcome)) return { result: "ok", message: "", details: outcome.answer ?? {} };
  const { kind, message } = toSalvoError(outcome.error);
  return { result: kind, message: message.slice(0, MESSAGE_CHARS_MAX), details: {} };
}

interface InTurn<T, R> {
  (item: T): Promise<R>;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
}

/** What is asked for while another batch is under way goes together, in the order in which it was asked for. */
function inTurn<T, R>(perform: (items: readonly T[]) => Promise<readonly R[]>): InTurn<T, R> {
  let waiting: { readonly item: T; readonly settle: PromiseWithResolvers<R> }[] = [];
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    await Promise.resolve(); // who else asks in the same turn comes along
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const results = await perform(batch.map(({ item }) => item));
        batch.forEach(({ settle }, index) => settle.resolve(results[index] as R)); // one for each of them
      } catch (error) {
        for (const { settle } of batch) settle.reject(error);
      }
    }
    working = undefined;
  }

  const ask = (item: T): Promise<R> => {
    const settle = Promise.withResolvers<R>();
    waiting.push({ item, settle });
    working ??= work();
    return settle.promise;
  };
  return Object.assign(ask, {
    async idle() {
      await working;
    },
  });
}
