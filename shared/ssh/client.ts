import { once } from "node:events";
import { connect } from "node:net";
import ssh2, { type Client, type ConnectConfig } from "ssh2";
import { formatAddress } from "../kernel/address.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { deadline, unlessAborted, type Waiting } from "../kernel/signal.ts";

const READY_MS = 20_000;
/** A host that has gone is noticed after some 30 s. */
const KEEPALIVE_MS = 10_000;
const KEEPALIVES_MAX = 3;

export type ClientOptions = ConnectConfig & { readonly host: string; readonly port: number };

/** What a server asks in the dialogue `keyboard-interactive`: one question whose answer is not shown is the one for the password. */
function answerWithPassword(client: Client, password: string): void {
  client.on("keyboard-interactive", (_name, _instructions, _language, prompts, finish) => {
    const [only, ...others] = prompts;
    finish(only && others.length === 0 && only.echo !== true ? [password] : []);
  });
}

/** Connects and logs in. Throws SalvoErrors, `refused` when the host does not let us in, and the signal's reason. */
export async function openClient(options: ClientOptions, { signal }: Waiting): Promise<Client> {
  const { host, port } = options;
  const place = formatAddress({ host, port });
  using until = deadline(READY_MS, `the SSH connection to ${place}`, signal);
  const socket = connect({ host, port });
  const client = new ssh2.Client();
  try {
    await once(socket, "connect", { signal: until });
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    client.once("ready", resolve);
    client.on("error", reject);
    client.once("close", () => reject(new SalvoError("unavailable", "the connection was closed")));
    if (options.password !== undefined) answerWithPassword(client, options.password);
    client.connect({
      ...options,
      sock: socket,
      readyTimeout: 0, // ours
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVES_MAX,
    });
    await unlessAborted(ready, until);
    return client;
  } catch (error) {
    client.destroy();
    socket.destroy();
    throw until.aborted ? toSalvoError(until.reason, { host }) : sshError(error, place);
  }
}

/** The message names the host: an error of ssh2 does not. */
function sshError(error: unknown, place: string): SalvoError {
  if (error instanceof Error && "level" in error && error.level === "client-authentication")
    return new SalvoError("refused", `${place} does not let us in: ${error.message}`, { cause: error });
  const { kind, message } = toSalvoError(error);
  return new SalvoError(kind === "internal" ? "unavailable" : kind, `SSH to ${place} failed: ${message}`, {
    cause: error,
    remedy: "Check host and port of ssh in the lab file, and that an SSH server runs there",
  });
}
