import { connect, credsAuthenticator, type NatsConnection, nkeyAuthenticator } from "@nats-io/transport-node";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { onlyUri } from "../kernel/certificate-uri.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { sleep, unlessAborted, type Waiting } from "../kernel/signal.ts";

const DIAL_TIMEOUT_MS = 2_000;
const RECONNECT_WAIT_MS = 200;
/** Agents that lost the same server do not come back in the same instant. */
const RECONNECT_JITTER_MS = 300;
/** A dead peer is noticed after two of these. The client's own default would take minutes. */
const PING_INTERVAL_MS = 5_000;
const DRAIN_TIMEOUT_MS = 2_000;

export interface BusOptions {
  /** nats://host:port */
  readonly url: string;
  /** Of this client, one token: shown by the server, and the root of its inboxes (`_INBOX_<name>`). */
  readonly name: string;
  /** Without it there is no TLS, which only servers of tests take. A function is asked anew for each connection. */
  readonly tls?: BusTls | (() => LabTls) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onStatus?: ((status: BusStatus) => void) | undefined;
}

export type BusTls = LabTls | OthersTls;

/** PEM. */
export interface LabTls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** What is wrong with a server whose certificate the CA has signed, by the one URI in it; undefined when nothing is. */
  readonly checkServer: (uri: string | undefined) => string | undefined;
}

/** To a server that others run: who it is its certificate says by its address, as everywhere. */
export interface OthersTls {
  /** PEM; undefined: whatever this host trusts. */
  readonly ca: string | undefined;
  /** The text of a credentials file (.creds), or of a file with the seed of an nkey. */
  readonly credentials: string;
}

export type BusStatus =
  | { readonly type: "connected"; readonly url: string }
  /** Dialling goes on; also before the first connection, once for each failed attempt. */
  | { readonly type: "disconnected"; readonly url: string; readonly reason?: string }
  /** The server refused something, a permission for example. */
  | { readonly type: "error"; readonly url: string; readonly reason: string };

export interface BusServer {
  readonly name: string;
  readonly version: string;
  /** Greatest message, headers included. */
  readonly maxPayloadBytes: number;
}

export interface Bus extends AsyncDisposable {
  readonly url: string;
  readonly name: string;
  /** For shared/bus alone. */
  readonly connection: NatsConnection;
  readonly connected: boolean;
  /** Aborts with `unavailable` when the present connection is lost: what was asked over it will not be answered. */
  readonly lost: AbortSignal;
  /** Who is at the other end; undefined while nobody is. */
  readonly server: BusServer | undefined;
  /** Resolves at once, or at the next connection. Throws `cancelled` when the bus is closed, or the signal's reason. */
  untilConnected(waiting?: Waiting): Promise<void>;
}

/**
 * Dials until there is a server, however long that takes, and from then on comes back after every loss. Only the signal
 * ends the first wait (its reason is thrown); `invalid-input` for an address or name that cannot work.
 */
export async function connectBus({ url, name, tls, signal, onStatus }: BusOptions): Promise<Bus> {
  checkName(name);
  checkUrl(url);
  return superviseConnection(await dial({ url, name, tls, signal, onStatus }), { url, name, onStatus });
}

async function dial({ url, name, tls, signal, onStatus }: BusOptions): Promise<NatsConnection> {
  for (;;) {
    // The client could wait for its first server by itself, but nothing could end that wait.
    const dialling = connect({
      servers: url,
      ...(tls && optionsOf(tls, url)),
      name,
      inboxPrefix: `_INBOX_${name}`,
      timeout: DIAL_TIMEOUT_MS,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      reconnectJitter: RECONNECT_JITTER_MS,
      reconnectJitterTLS: RECONNECT_JITTER_MS,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: 2,
      // Credentials may be put right on the server while we are up.
      ignoreAuthErrorAbort: true,
      // A stack trace for every request would be work on the measured host.
      noAsyncTraces: true,
    });
    try {
      return await unlessAborted(dialling, signal);
    } catch (caught) {
      if (signal?.aborted) {
        dialling.then((late) => late.close()).catch(() => {}); // nobody waits for it any more
        throw caught;
      }
      onStatus?.({ type: "disconnected", url, reason: toSalvoError(caught).message });
    }
    await sleep(RECONNECT_WAIT_MS + Math.random() * RECONNECT_JITTER_MS, signal && { signal });
  }
}

function optionsOf(tls: BusTls | (() => LabTls), url: string) {
  if (typeof tls === "function") return { tls: tlsOptions(tls) };
  return "credentials" in tls ? othersOptions(tls, url) : { tls: tlsOptions(() => tls) };
}

/**
 * The client hands all of it on to Node's own, and refuses a server without TLS. It looks here for each connection, and takes
 * certificate and key in one go (transport-node 3.4, loadClientCerts).
 */
function tlsOptions(current: () => LabTls) {
  return {
    get ca() {
      return current().ca;
    },
    get key() {
      return current().key;
    },
    get cert() {
      return current().certificate;
    },
    minVersion: "TLSv1.3",
    // The address may be a number, which TLS does not allow as a server's name.
    servername: "nats.salvo",
    checkServerIdentity(_host: string, { subjectaltname }: PeerCertificate) {
      const problem = current().checkServer(onlyUri(subjectaltname));
      return problem === undefined ? undefined : new Error(problem);
    },
  };
}

function othersOptions({ ca, credentials }: OthersTls, url: string) {
  const encode = (text: string) => new TextEncoder().encode(text);
  const host = new URL(url).hostname.replaceAll(/[[\]]/g, "");
  return {
    tls: {
      minVersion: "TLSv1.2",
      ...(ca !== undefined && { ca }),
      // The client tells TLS no name for a number, and Node would look for localhost in the certificate.
      ...(isIP(host) > 0 && {
        checkServerIdentity: (_host: string, certificate: PeerCertificate) => checkServerIdentity(host, certificate),
      }),
    },
    // Others of its cluster have other numbers.
    ignoreClusterUpdates: isIP(host) > 0,
    authenticator: credentials.includes("NATS USER JWT")
      ? credsAuthenticator(encode(`${credentials.trim()}\n`)) // it wants the end of the last line
      : nkeyAuthenticator(encode(credentials.trim())),
  };
}

function superviseConnection(connection: NatsConnection, { url, name, onStatus }: BusOptions): Bus {
  let connected = true;
  let change = Promise.withResolvers<void>();
  let lost = new AbortController();
  const closing = new AbortController();

  const become = (now: boolean, status: BusStatus) => {
    connected = now;
    if (now) lost = new AbortController();
    else lost.abort(new SalvoError("unavailable", `the connection to ${url} was lost`));
    change.resolve();
    change = Promise.withResolvers();
    onStatus?.(status);
  };

  const watching = (async () => {
    for await (const status of connection.status()) {
      if (status.type === "reconnect") become(true, { type: "connected", url });
      else if (status.type === "disconnect") become(false, { type: "disconnected", url });
      else if (status.type === "error") onStatus?.({ type: "error", url, reason: status.error.message });
    }
    connected = false;
    closing.abort(new SalvoError("cancelled", `the connection of ${name} to ${url} is closed`));
  })();
  onStatus?.({ type: "connected", url });

  return {
    url,
    name,
    connection,
    get connected() {
      return connected;
    },
    get lost() {
      return lost.signal;
    },
    get server() {
      const { info } = connection;
      if (!connected || !info) return undefined;
      return { name: info.server_name, version: info.version, maxPayloadBytes: info.max_payload };
    },
    async untilConnected({ signal } = {}) {
      if (connected) return;
      const ended = signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
      for (;;) {
        await unlessAborted(change.promise, ended);
        if (connected) return;
      }
    },
    async [Symbol.asyncDispose]() {
      if (connected && !connection.isClosed()) await drain(connection);
      await connection.close();
      await watching;
    },
  };
}

/** Lets what was handed over leave, but not for ever: a server that has gone will never take it. */
async function drain(connection: NatsConnection): Promise<void> {
  const bound = new AbortController();
  const drained = connection.drain().catch(() => {}); // lost on the way: whoever needed an answer knows it has none
  await Promise.race([drained, sleep(DRAIN_TIMEOUT_MS, { signal: bound.signal }).catch(() => {})]);
  bound.abort();
}

function checkName(name: string): void {
  if (/^[a-z0-9][a-z0-9-]{0,127}$/.test(name)) return;
  throw new SalvoError("invalid-input", `${JSON.stringify(name)} cannot be the name of a NATS client`, {
    remedy: "Use at most 128 lower-case letters, digits and hyphens",
  });
}

function checkUrl(url: string): void {
  const parsed = URL.parse(url);
  if (parsed?.hostname && (parsed.protocol === "nats:" || parsed.protocol === "tls:")) return;
  throw new SalvoError("invalid-input", `${JSON.stringify(url)} is no address of a NATS server`, {
    remedy: "Write it like nats://host:4222",
  });
}
