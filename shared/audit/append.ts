import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { deadline, sleep } from "../kernel/signal.ts";
import { tryLock } from "../process/lock-file.ts";
import { type Happening, type Head, sha256, START, writeLine } from "./entry.ts";
import { readTail, type Tail } from "./tail.ts";
import { syncFolder } from "../files/durable.ts";

export interface AppendOptions {
  /** ms since 1970, UTC. */
  readonly now: () => number;
  /** How long others may have the log to themselves. */
  readonly lockMs?: number;
}

/** The file, and nothing but its end. */
export interface Appender {
  readonly head: Head;
  readonly tornBytes: number;
  /** All of them in one write and one sync; on the disk when it resolves. Their heads, one each. One call at a time. */
  append(happenings: readonly Happening[]): Promise<readonly Head[]>;
}

const LOCK_MS = 10_000;
const LOCK_AGAIN_MS = 2;
const NEWLINE = 0x0a;
const NOTHING = new Uint8Array();

/** Tells of what a crash has cut off at the end, and of nothing else. Throws `corrupt` when no crash has left it so. */
export async function openAppender(file: string, { now, lockMs = LOCK_MS }: AppendOptions): Promise<Appender> {
  /** The file as it was left: while it is as long as that, nobody else has written. */
  let known: { readonly size: number; readonly tail: Tail } | undefined;
  /** After a failed sync nobody knows what is on the disk. */
  let broken: SalvoError | undefined;
  let tornBytes = 0;

  async function write(happenings: readonly Happening[]): Promise<readonly Head[]> {
    if (broken) throw broken;
    await using handle = await open(file, "a+", 0o600);
    const { size } = await handle.stat();
    const { head, torn, unended } = await tailOf(handle, size);
    let last = head;
    const lines = [unended ? "\n" : ""];
    const add = (happening: Happening): Head => {
      const next = writeLine(happening, now(), last);
      lines.push(next.line);
      return (last = next.head);
    };
    if (torn.length > 0) {
      const closing = torn.at(-1) === NEWLINE ? "" : "\n";
      lines.push(closing);
      add(tornEntry(torn, closing));
      tornBytes += torn.length;
    }
    const heads = happenings.map(add);
    const text = lines.join("");
    known = undefined; // until it is there, whole
    await handle.appendFile(text);
    await sync(handle);
    if (size === 0) await syncFolder(dirname(file)); // its name is on the disk, too
    known = { size: size + Buffer.byteLength(text), tail: { head: last, torn: NOTHING, unended: false } };
    return heads;
  }

  async function tailOf(handle: FileHandle, size: number): Promise<Tail> {
    if (known?.size === size) return known.tail;
    if (known && size < known.size)
      throw new SalvoError("corrupt", `it was shortened from ${known.size} to ${size} bytes while it was in use`);
    return readTail(handle, size);
  }

  async function sync(handle: FileHandle): Promise<void> {
    try {
      await handle.datasync();
    } catch (error) {
      throw (broken = toSalvoError(error));
    }
  }

  async function locked<T>(work: () => Promise<T>): Promise<T> {
    try {
      using signal = deadline(lockMs, "waiting for another process that writes to it");
      for (;;) {
        using lock = tryLock(`${file}.lock`);
        if (lock) return await work();
        await sleep(LOCK_AGAIN_MS, { signal });
      }
    } catch (error) {
      throw unwritten(file, error);
    }
  }

  if (await isThere(file)) {
    await locked(async () => {
      await using handle = await open(file, "r");
      const { size } = await handle.stat();
      const tail = await readTail(handle, size);
      if (tail.torn.length > 0) await write([]);
      else known = { size, tail };
    });
  } else known = { size: 0, tail: { head: START, torn: NOTHING, unended: false } };

  let head = known?.tail.head ?? START;
  return {
    get head() {
      return head;
    },
    get tornBytes() {
      return tornBytes;
    },
    async append(happenings) {
      const heads = await locked(() => write(happenings));
      head = heads.at(-1) ?? head;
      return heads;
    },
  };
}

function tornEntry(torn: Uint8Array, closing: string): Happening {
  const details = { bytes: torn.length + closing.length, sha256: sha256(torn, closing) };
  return { kind: "torn", who: "", what: "an entry that a crash has cut off", details };
}

function unwritten(file: string, caught: unknown): SalvoError {
  const { kind, message, remedy } = toSalvoError(caught);
  return new SalvoError(kind, `the audit log cannot be written: ${message}`, {
    file,
    cause: caught,
    remedy: remedy ?? "What is not in it is not done: see that its folder is writable and has space left",
  });
}

async function isThere(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch (error) {
    const known = toSalvoError(error, { file });
    if (known.kind === "not-found") return false;
    throw known;
  }
}
