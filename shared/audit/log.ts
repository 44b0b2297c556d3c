import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { type AppendOptions, openAppender } from "./append.ts";
import type { Deed, Details, Happening, Head } from "./entry.ts";
import { excerpt, fit } from "./fit.ts";
import { inTurn } from "./in-turn.ts";

/** Who did what, when, and how it ended (entry.ts). Several processes may have the same log open. */
export interface AuditLog extends AsyncDisposable {
  /** Of the last entry that this process found or wrote; its number is 0 while there is none. */
  readonly head: Head;
  /** What a crash had cut off at its end; an entry tells of it. */
  readonly tornBytes: number;
  /**
   * Does a deed between its two entries: the first is on the disk before `act` is called, the second when this returns.
   * Throws, and does not act, when the first cannot be written; throws what `act` throws, after an entry that says so; and
   * otherwise what kept the second from being written.
   */
  around<T>(deed: Deed, act: () => Promise<T>, how?: AroundOptions<T>): Promise<T>;
  /** Something learnt. On the disk when it resolves. */
  note(deed: Deed): Promise<void>;
}

export interface AroundOptions<T> {
  /** What else is told at the end, of what `act` gave. */
  readonly answer?: (value: T) => Details;
  /**
   * `before`, if nothing else is said. `anyway`: what ends things is done although it cannot be logged, and is held up for
   * STOP_WAIT_MS at most: a log on a full or hanging disk must not keep fio at work on it.
   */
  readonly rule?: "before" | "anyway";
  /** Then nobody waits for the end to be written, and this is told when it, or an `anyway`'s begin, cannot be. */
  readonly onUnwritten?: (error: SalvoError) => void;
}

/** In an agent's data folder, and beside a lab file. */
export const AUDIT_FILE = "audit.jsonl";

export const STOP_WAIT_MS = 250;

/**
 * Makes the file with its first entry; its folder must be there. Throws `corrupt` when the end of the file is not as it
 * was written. Disposing waits for what is being written.
 */
export async function openAuditLog(file: string, options: AppendOptions): Promise<AuditLog> {
  const appender = await openAppender(file, options);
  const appendInTurn = inTurn((happenings: readonly Happening[]) => appender.append(happenings));
  // Fitted before it stands beside others, which must not fail for it.
  const append = async (happening: Happening) => appendInTurn(fit(happening));
  const ending = new Set<Promise<void>>();

  async function settle(written: Promise<void>, onUnwritten: ((error: SalvoError) => void) | undefined): Promise<void> {
    if (!onUnwritten) return written;
    const told = written.catch((error: unknown) => onUnwritten(toSalvoError(error))).finally(() => ending.delete(told));
    ending.add(told);
    return undefined;
  }

  return {
    get head() {
      return appender.head;
    },
    get tornBytes() {
      return appender.tornBytes;
    },
    async note({ who, what, details = {} }) {
      await append({ kind: "note", who, what, details });
    },
    async around({ who, what, details = {} }, act, { answer, rule = "before", onUnwritten } = {}) {
      const begun = append({ kind: "begin", who, what, details });
      await (rule === "before" ? begun : settledOrLate(begun));
      const end = async (outcome: Pick<EndEntry, "result" | "message" | "details">) => {
        const { seq: of } = await begun;
        await append({ kind: "end", who, what, of, ...outcome });
      };
      let value;
      try {
        value = await act();
      } catch (error) {
        await settle(end(failure(error)), onUnwritten).catch((unwritten: unknown) => {
          const { kind, message } = toSalvoError(error);
          throw new SalvoError(kind, `${message}; and ${toSalvoError(unwritten).message}`, { cause: error });
        });
        throw error;
      }
      await settle(end({ result: "ok", message: "", details: answer?.(value) ?? {} }), onUnwritten);
      return value;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(ending);
    },
  };
}

type EndEntry = Happening & { readonly kind: "end" };

function failure(error: unknown): Pick<EndEntry, "result" | "message" | "details"> {
  const { kind, message } = toSalvoError(error);
  return { result: kind, message: excerpt(message), details: {} };
}

/** Never throws: what becomes of it is told when its end is written. */
async function settledOrLate(begun: Promise<unknown>): Promise<void> {
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, STOP_WAIT_MS);
  const settle = () => resolve();
  begun.then(settle, settle);
  await enough;
  clearTimeout(timer);
}
