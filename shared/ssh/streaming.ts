import type { ClientChannel } from "ssh2";
import { SalvoError } from "../kernel/error.ts";
import { unlessAborted, type Waiting } from "../kernel/signal.ts";
import type { RanOptions } from "./ran.ts";

/** A program whose output is read as it comes. */
export interface Streaming {
  readonly channel: ClientChannel;
  /** As endOf gives it. */
  readonly ended: Promise<void>;
}

/** What it prints, to its end. gone rejects when the connection is lost. The channel is closed in any case. */
export async function* printedOn(
  { channel, ended }: Streaming,
  gone: Promise<never>,
  { signal }: Waiting,
): AsyncGenerator<Buffer, void> {
  const chunks = channel[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(Promise.race([chunks.next(), gone]), signal);
      if (next.done) break;
      yield Buffer.from(next.value);
    }
    await unlessAborted(Promise.race([ended, gone]), signal);
  } finally {
    channel.close();
  }
}

const STDERR_BYTES_MAX = 4096;

/**
 * The end of a program whose output somebody else reads. Must be called before anything of the command can have come. Rejects
 * with `program-failed` when the program fails, with what it said on standard error.
 */
export function endOf(channel: ClientChannel, { name, shownAs }: Pick<RanOptions, "name" | "shownAs">): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = "";
  channel.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, STDERR_BYTES_MAX)));
  let how = "without an exit code";
  channel.once("exit", (code: number | null, signal?: string) => {
    how = code === null ? `by SIG${signal ?? "?"}` : `with exit code ${code}`;
    if (code === 0) resolve();
  });
  channel.once("close", () =>
    reject(
      new SalvoError("program-failed", `${shownAs} ended ${how}${said === "" ? "" : `: ${said.trim()}`}`, {
        host: name,
      }),
    ),
  );
  channel.on("error", reject);
  channel.end();
  promise.catch(() => {}); // nobody may be waiting any more
  return promise;
}
