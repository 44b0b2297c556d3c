import { connect, type Socket } from "node:net";
import type { Client, ClientChannel, SFTPWrapper, TcpConnectionDetails } from "ssh2";
import { formatAddress } from "../kernel/address.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { unlessAborted, type Waiting } from "../kernel/signal.ts";
import { openClient } from "./client.ts";
import { describeHostKey } from "./host-key.ts";
import { loginOf, type LoginFiles } from "./login.ts";
import { shellLine } from "./quote.ts";
import { ranOn, type SshRan } from "./ran.ts";
import { endOf, printedOn, type Streaming } from "./streaming.ts";

export interface SshTarget extends LoginFiles {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** The one that the host must show: SHA256:... */
  readonly hostKey: string;
}

export interface SshRunOptions extends Waiting {
  /** Written to its standard input, which is then closed. */
  readonly stdin?: string;
  readonly outputBytesMax?: number;
  /** What messages call it; without it, the program's name. */
  readonly shownAs?: string;
}

/** Disposing of it closes the connection, and whatever goes on in it fails. */
export interface SshConnection extends Disposable {
  /** False once it is lost or closed: nothing more can be done on it. */
  isOpen(): boolean;
  /** Runs a program to its end, whatever its exit code; each argument arrives as it is. */
  run(argv: readonly string[], options?: SshRunOptions): Promise<SshRan>;
  /** Runs a program and yields what it prints, as it comes. Ends with the program, or with the signal; throws as run does. */
  stream(argv: readonly string[], waiting?: Waiting): AsyncGenerator<Buffer, void>;
  /** Copies a file there (SFTP); with `mode` from its first byte on. */
  copy(from: string, to: string, options: CopyOptions): Promise<void>;
  /** A free port on that host's loopback, whose connections come out here. */
  forwardToHere(to: { readonly host: string; readonly port: number }, waiting?: Waiting): Promise<ReverseForward>;
}

export interface CopyOptions extends Waiting {
  readonly mode: number;
  readonly onProgress?: (bytes: number) => void;
}

export interface ReverseForward extends Disposable {
  /** There, on 127.0.0.1. */
  readonly port: number;
}

const OUTPUT_BYTES_MAX = 1024 * 1024;
const LOOPBACK = "127.0.0.1";

/**
 * Logs in on a host that shows exactly the key that is expected. Throws `refused` for another key, before anything of ours
 * is sent, and when the host does not take ours; `unavailable` and the like when nobody answers.
 */
export async function connectSsh(target: SshTarget, waiting: Waiting = {}): Promise<SshConnection> {
  const { host, port, user, hostKey, keyFile, passwordFile } = target;
  const login = await loginOf(target);
  let shown: ReturnType<typeof describeHostKey> | undefined;
  const verifier = (key: Buffer) => {
    shown = describeHostKey(key);
    return shown.fingerprint === hostKey;
  };
  try {
    const client = await openClient({ host, port, username: user, hostVerifier: verifier, ...login }, waiting);
    return openConnection(client, `${user}@${host}`);
  } catch (error) {
    if (shown && shown.fingerprint !== hostKey)
      throw new SalvoError(
        "refused",
        `${formatAddress({ host, port })} IS NOT THE HOST IT SHOULD BE: it shows the ${shown.type} key ${shown.fingerprint}, not ${hostKey}`,
        {
          cause: error,
          remedy:
            "Somebody may stand between. Only if the host was installed anew, compare on it (ssh-keygen -lf) and change hostKey",
        },
      );
    const known = toSalvoError(error);
    if (known.kind !== "refused") throw known;
    throw new SalvoError("refused", known.message, {
      cause: error,
      remedy: passwordFile
        ? `Compare the first line of ${passwordFile} with the password of ${user} there, or name a key with keyFile`
        : `Put ${keyFile ? `the public half of ${keyFile}` : "your public key"} into ~/.ssh/authorized_keys of ${user} there, or name another user`,
    });
  }
}

function openConnection(client: Client, name: string): SshConnection {
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {}); // for whoever waits, if anybody does
  let failure: Error | undefined;
  let isOpen = true;
  client.once("close", () => (isOpen = false));
  client.on("error", (error) => (failure = error));
  client.once("close", () =>
    gone.reject(
      new SalvoError("unavailable", `the SSH connection to ${name} was lost${failure ? `: ${failure.message}` : ""}`),
    ),
  );
  const forwards = new Map<number, { readonly host: string; readonly port: number }>();
  const sockets = new Set<Socket>();
  client.on("tcp connection", ({ destPort }: TcpConnectionDetails, accept, reject) => {
    const to = forwards.get(destPort);
    if (to) join(accept(), connect(to), sockets);
    else reject();
  });

  /** What ssh2 answers with, unless the connection is lost or the signal aborts before; what comes too late is discarded. */
  async function answered<T>(
    ask: (done: (error: Error | null | undefined, value?: T) => void) => void,
    discard: (value: T) => void,
    { signal }: Waiting,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // It calls back with an error or with what was asked for.
    ask((error, value) => (error ? reject(toSalvoError(error, { host: name })) : resolve(value as T)));
    try {
      return await unlessAborted(Promise.race([promise, gone.promise]), signal);
    } catch (error) {
      promise.then(discard, () => {}); // why it was left counts, not how it would have ended
      throw error;
    }
  }

  return {
    isOpen: () => isOpen,
    async run(argv, { stdin, outputBytesMax = OUTPUT_BYTES_MAX, shownAs = argv[0] ?? "", signal } = {}) {
      const options = { stdin, outputBytesMax, name, shownAs };
      const { channel, ran } = await answered<Running>(
        (done) =>
          client.exec(shellLine(argv), (error, channel) =>
            // At once: what a short command says is there in the same breath as the answer.
            error ? done(error) : done(undefined, { channel, ran: ranOn(channel, options) }),
          ),
        (late) => late.channel.close(),
        { signal },
      );
      try {
        return await unlessAborted(Promise.race([ran, gone.promise]), signal);
      } finally {
        channel.close();
      }
    },
    async *stream(argv, { signal } = {}) {
      const { channel, ended } = await answered<Streaming>(
        (done) =>
          client.exec(shellLine(argv), (error, channel) =>
            error ? done(error) : done(undefined, { channel, ended: endOf(channel, { name, shownAs: argv[0] ?? "" }) }),
          ),
        (late) => late.channel.close(),
        { signal },
      );
      yield* printedOn({ channel, ended }, gone.promise, { signal });
    },
    async copy(from, to, { mode, onProgress, signal }) {
      const sftp = await answered<SFTPWrapper>(
        (done) => client.sftp(done),
        (late) => late.end(),
        { signal },
      );
      try {
        const step = (bytes: number) => onProgress?.(bytes);
        await answered<void>(
          (done) => sftp.fastPut(from, to, { mode, step }, (error) => done(error, undefined)),
          () => {},
          { signal },
        );
      } finally {
        sftp.end();
      }
    },
    async forwardToHere(to, waiting = {}) {
      const port = await answered<number>(
        (done) => client.forwardIn(LOOPBACK, 0, done),
        (late) => client.unforwardIn(LOOPBACK, late, () => {}),
        waiting,
      );
      forwards.set(port, to);
      return {
        port,
        [Symbol.dispose]() {
          forwards.delete(port);
          client.unforwardIn(LOOPBACK, port, () => {}); // the connection may be gone, and with it the forward
        },
      };
    },
    [Symbol.dispose]() {
      isOpen = false;
      for (const socket of sockets) socket.destroy();
      client.end();
    },
  };
}

interface Running {
  readonly channel: ClientChannel;
  readonly ran: Promise<SshRan>;
}

/** Either end takes the other along. */
function join(channel: ClientChannel, socket: Socket, sockets: Set<Socket>): void {
  sockets.add(socket);
  channel.pipe(socket).pipe(channel);
  socket.on("error", () => channel.close());
  channel.on("error", () => socket.destroy());
  channel.once("close", () => socket.destroy());
  socket.once("close", () => {
    sockets.delete(socket);
    channel.close();
  });
}
