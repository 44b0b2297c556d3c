/**
 * One host over one SSH connection that lives as long as the program. ESXi's sshd refuses many connections and many channels, so
 * there is one queue for few channels. A lost connection is made anew for the next command; a command is never repeated.
 */
import { SalvoError } from "../kernel/error.ts";
import { deadline, sleep, unlessAborted, type Waiting } from "../kernel/signal.ts";
import { isChannelRefused, isWorthAnotherTry, openChannels } from "./channels.ts";
import { connectSsh, type CopyOptions, type SshConnection, type SshTarget } from "./connection.ts";
import type { SshRan } from "./ran.ts";

export interface SteadyOptions {
  /** Commands at once. OpenSSH allows 10 by itself, hosts that were made strict 4 and fewer. One more is for a stream. */
  readonly channels?: number;
  /** Waits before the second, third ... try to connect, where the host closed the connection before it let us in. */
  readonly retriesMs?: readonly number[];
}

export interface CommandOptions extends Waiting {
  /** From when a channel is free to the end of the command. */
  readonly deadlineMs?: number;
  /** What messages call it; without it, its arguments. */
  readonly shownAs?: string;
  readonly outputBytesMax?: number;
  /** Written to its standard input, which is then closed. */
  readonly stdin?: string;
}

export interface SteadySsh extends Disposable {
  /**
   * Runs a program to its end, whatever its exit code. Throws `timeout` at the deadline and `unavailable` when the connection is
   * lost: the command may have been done then, or a part of it. The next command has a connection that works.
   */
  run(argv: readonly string[], options?: CommandOptions): Promise<SshRan>;
  /** What a program prints, as it comes, on a channel of its own: one stream at a time. */
  stream(argv: readonly string[], waiting?: Waiting): AsyncGenerator<Buffer, void>;
  /** Copies a file there (SFTP). */
  copy(from: string, to: string, options: CopyOptions): Promise<void>;
}

const CHANNELS = 2;
const DEADLINE_MS = 60_000;
const RETRIES_MS = [250, 500, 1000, 2000];

/** A connection, and how many use it. One that is `worn` is closed by the last of them. */
interface Line {
  readonly ssh: SshConnection;
  users: number;
  worn: boolean;
}

export function openSteadySsh(target: SshTarget, options: SteadyOptions = {}): SteadySsh {
  const { channels: count = CHANNELS, retriesMs = RETRIES_MS } = options;
  const channels = openChannels(count);
  const streams = openChannels(1);
  const end = new AbortController();
  let connecting: Promise<Line> | undefined;
  let line: Line | undefined;

  /** Several that ask at once share one attempt; it goes on when one of them leaves. */
  async function openLine(): Promise<Line> {
    if (line?.ssh.isOpen() && !line.worn) return line;
    connecting ??= connectPatiently(target, retriesMs, end.signal)
      .then((ssh) => (line = { ssh, users: 0, worn: false }))
      .finally(() => (connecting = undefined));
    return connecting;
  }

  async function holdLine({ signal }: Waiting): Promise<{ readonly line: Line } & Disposable> {
    const held = await unlessAborted(openLine(), signal);
    held.users++;
    return {
      line: held,
      [Symbol.dispose]() {
        held.users--;
        if (held.worn && held.users === 0) held.ssh[Symbol.dispose]();
      },
    };
  }

  return {
    async run(argv, { deadlineMs = DEADLINE_MS, shownAs = argv.join(" "), signal, ...more } = {}) {
      using _ = await channels.take({ signal });
      using held = await holdLine({ signal });
      using until = deadline(deadlineMs, `${shownAs} on ${target.host}`, signal, end.signal);
      try {
        return await whenThereIsRoom(() => held.line.ssh.run(argv, { ...more, shownAs, signal: until }), until);
      } catch (error) {
        // sshd keeps the channel of a program that goes on, so others may find none on this connection.
        if (until.aborted) held.line.worn = true;
        throw error;
      }
    },
    async *stream(argv, { signal } = {}) {
      using _ = await streams.take({ signal });
      using held = await holdLine({ signal });
      const until = signal ? AbortSignal.any([signal, end.signal]) : end.signal;
      yield* held.line.ssh.stream(argv, { signal: until });
    },
    async copy(from, to, options) {
      using _ = await channels.take(options);
      using held = await holdLine(options);
      await held.line.ssh.copy(from, to, options);
    },
    [Symbol.dispose]() {
      end.abort(new SalvoError("cancelled", `the connection to ${target.host} is no longer used`));
      line?.ssh[Symbol.dispose]();
    },
  };
}

/**
 * A host counts a channel until it has cleared away its program, which can be some time after the channel's end. It refuses a further one
 * until then, and nothing of the command was begun.
 */
async function whenThereIsRoom<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!isChannelRefused(error)) throw error;
      await sleep(ROOM_MS, { signal });
    }
  }
}

const ROOM_MS = 50;

async function connectPatiently(
  target: SshTarget,
  retriesMs: readonly number[],
  signal: AbortSignal,
): Promise<SshConnection> {
  for (const waitMs of retriesMs) {
    try {
      return await connectSsh(target, { signal });
    } catch (error) {
      if (!isWorthAnotherTry(error)) throw error;
      await sleep(waitMs, { signal });
    }
  }
  return connectSsh(target, { signal });
}
