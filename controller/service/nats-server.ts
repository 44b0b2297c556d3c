import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { type Address, formatAddress, parseAddress } from "@salvo/shared/kernel/address.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, sleep } from "@salvo/shared/kernel/signal.ts";
import { answerOf } from "@salvo/shared/process/answer-of.ts";
import { startProcess } from "@salvo/shared/process/start.ts";
import type { ProcessEnd, RunningProcess } from "@salvo/shared/process/supervise.ts";
import { listenHost, LOOPBACK, type NatsAccess, natsConfig, ownHost, writeNatsConfig } from "./nats-config.ts";
import { freePort, untilGreeted } from "./nats-probe.ts";

/** Reading back a large store takes a while. */
const READY_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 5_000;
const RESTART_WAIT_MIN_MS = 100;
const RESTART_WAIT_MAX_MS = 5_000;
/** A server that lived so long did not die of its own start. */
const SOUND_LIFE_MS = 10_000;
const FREE_PORT_TRIES = 3;
const LOG_LINES_SHOWN = 5;
/** Debian puts nats-server where an ordinary user's PATH does not look. */
const MORE_PATH = ["/usr/local/sbin", "/usr/sbin"];

export interface NatsServerOptions {
  /** Made when missing; holds the configuration, the port and the JetStream store. */
  readonly dataDir: string;
  /** Absent or 0: the port of the last time, or a free one when that is taken. */
  readonly port?: number;
  /** A name looked up in PATH and where Debian keeps it, or a path. */
  readonly program?: string;
  /** Without it the server takes anybody, and so only on loopback: for tests. */
  readonly access?: NatsAccess;
  readonly onStatus?: (status: NatsServerStatus) => void;
  readonly signal?: AbortSignal;
}

export type NatsServerStatus =
  | { readonly type: "ready"; readonly pid: number }
  /** It is started again after the wait. */
  | { readonly type: "died"; readonly reason: string; readonly retryInMs: number }
  /** Who may connect has changed, and the server could not be told. */
  | { readonly type: "stale"; readonly reason: string };

export interface NatsServer extends AsyncDisposable {
  /** The same as long as this lives, however often the server is restarted. */
  readonly url: string;
  /** Of the latest server process. */
  readonly pid: number;
  readonly restarts: number;
}

/**
 * Starts a nats-server with JetStream on loopback, and again whenever it dies, until disposed. Resolves when clients can
 * connect. Throws `not-found` without the program, `unavailable` when the given port is taken, `refused` or the like when
 * the folder cannot be written, `program-failed` with the end of its log when it dies at once.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const setup: Setup = {
    program: options.program ?? "nats-server",
    dataDir: resolve(options.dataDir),
    access: options.access ?? { host: LOOPBACK, security: undefined },
  };
  const first = await launchOnSomePort(setup, options);
  try {
    await writePlace(setup.dataDir, { host: ownHost(setup.access), port: first.port });
  } catch (caught) {
    await first.server[Symbol.asyncDispose]();
    throw toSalvoError(caught, { file: setup.dataDir });
  }
  return keepRunning(first, setup, options);
}

/**
 * Where the server of a data folder listens, or listened last. Throws `not-found` when there never was one: for whoever
 * wants to listen to it without being its controller.
 */
export async function lastNatsUrl(dataDir: string): Promise<string> {
  try {
    return `nats://${formatAddress(await lastPlace(dataDir))}`;
  } catch (caught) {
    throw toSalvoError(caught, {
      file: dataDir,
      remedy: "Name the data folder of the controller with --data, or nats: in the lab file.",
    });
  }
}

/** The version of the nats-server that would be started. Throws `not-found` with what to install. */
export async function natsServerVersion(program = "nats-server"): Promise<string> {
  return orMissing(() => answerOf(program, ["--version"], { env: environment() }));
}

const placeFileIn = (dataDir: string) => join(dataDir, "nats-port");

/** Only the port where it listens on 127.0.0.1, or on all addresses; else the whole address. */
async function writePlace(dataDir: string, { host, port }: Address): Promise<void> {
  await writeFile(placeFileIn(dataDir), `${host === LOOPBACK ? port : formatAddress({ host, port })}\n`);
}

/** Where it listened last, for programs of this host. Throws what reading the file throws. */
async function lastPlace(dataDir: string): Promise<Address> {
  const text = (await readFile(placeFileIn(dataDir), "utf8")).trim();
  return parseAddress(text) ?? { host: LOOPBACK, port: Number(text) };
}

interface Setup {
  readonly program: string;
  readonly dataDir: string;
  readonly access: NatsAccess;
}

interface Launched {
  readonly server: RunningProcess;
  readonly port: number;
  readonly name: string;
  /** Its configuration. */
  readonly config: string;
}

async function launchOnSomePort(setup: Setup, { port = 0, signal }: NatsServerOptions): Promise<Launched> {
  if (port !== 0) return launch(setup, port, signal);
  const lastTime = await lastPlace(setup.dataDir).then(
    (place) => place.port,
    () => 0, // there was none
  );
  for (let tries = 1; ; tries++) {
    const candidate =
      tries === 1 && lastTime > 0 && lastTime < 65536 ? lastTime : await freePort(listenHost(setup.access));
    try {
      return await launch(setup, candidate, signal);
    } catch (caught) {
      if (!(caught instanceof SalvoError) || caught.kind !== "unavailable" || tries === FREE_PORT_TRIES) throw caught;
    }
  }
}

function keepRunning(first: Launched, setup: Setup, { onStatus }: NatsServerOptions): NatsServer {
  const { port } = first;
  const stop = new AbortController();
  let { server } = first;
  let launched = first;
  let restarts = 0;

  const keeping = (async () => {
    let failures = 0;
    while (!stop.signal.aborted) {
      const end = await server.exited;
      if (stop.signal.aborted) return;
      failures = end.durationMs > SOUND_LIFE_MS ? 0 : failures;
      let reason = describeEnd(end);
      for (;;) {
        const retryInMs = Math.min(RESTART_WAIT_MAX_MS, RESTART_WAIT_MIN_MS * 2 ** failures++);
        onStatus?.({ type: "died", reason, retryInMs });
        try {
          await sleep(retryInMs, { signal: stop.signal });
          launched = await launch(setup, port, stop.signal);
          ({ server } = launched);
          restarts++;
          onStatus?.({ type: "ready", pid: server.pid });
          break;
        } catch (caught) {
          if (stop.signal.aborted) return;
          reason = toSalvoError(caught).message;
        }
      }
    }
  })();
  onStatus?.({ type: "ready", pid: server.pid });

  let reloading = Promise.resolve();
  let isDue = false;
  /** A server that dies in between reads what is written then. */
  async function reload(): Promise<void> {
    isDue = false;
    const config = await natsConfig({ ...setup, port, name: launched.name });
    if (stop.signal.aborted || config === launched.config) return;
    await writeNatsConfig(setup.dataDir, config);
    launched = { ...launched, config };
    server.signal("SIGHUP");
  }
  const reloadSoon = () => {
    if (isDue) return; // it will read all that has changed until then
    isDue = true;
    reloading = reloading.then(reload).catch((error: unknown) => {
      onStatus?.({ type: "stale", reason: toSalvoError(error).message });
    });
  };
  const watching = setup.access.security?.watch(reloadSoon);
  if (watching) reloadSoon(); // what has changed since the first launch

  return {
    url: `nats://${formatAddress({ host: setup.access.host, port })}`,
    get pid() {
      return server.pid;
    },
    get restarts() {
      return restarts;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      watching?.[Symbol.dispose]();
      await reloading;
      await server.stop({ graceMs: STOP_GRACE_MS });
      await keeping;
    },
  };
}

/** Throws `unavailable` when the port is taken. */
async function launch(setup: Setup, port: number, signal: AbortSignal | undefined): Promise<Launched> {
  const name = `salvo-${randomBytes(8).toString("hex")}`;
  const config = await natsConfig({ ...setup, port, name });
  const server = await startServer(setup.program, await writeNatsConfig(setup.dataDir, config));
  const died = new AbortController();
  const place = formatAddress({ host: ownHost(setup.access), port });
  void server.exited.then((end) => died.abort(diedAtStart(end, place)));
  try {
    using starting = deadline(READY_TIMEOUT_MS, "the start of nats-server", died.signal, signal);
    await untilGreeted(ownHost(setup.access), port, name, starting);
    return { server, port, name, config };
  } catch (caught) {
    await server[Symbol.asyncDispose]();
    throw caught;
  }
}

async function startServer(program: string, config: string): Promise<RunningProcess> {
  return orMissing(() => startProcess(program, ["-c", config], { env: environment(), stdout: "ignore" }));
}

function environment() {
  return { ...process.env, PATH: [process.env["PATH"] ?? "", ...MORE_PATH].join(delimiter) };
}

async function orMissing<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (caught) {
    if (!(caught instanceof SalvoError) || caught.kind !== "not-found") throw caught;
    throw new SalvoError("not-found", `there is no nats-server on this host: ${caught.message}`, {
      cause: caught,
      remedy: "Run apt-get install nats-server, or name a server in the lab file (nats.url)",
    });
  }
}

function diedAtStart(end: ProcessEnd, place: string): SalvoError {
  if (end.stderr.includes("address already in use")) {
    return new SalvoError("unavailable", `nats-server cannot listen on ${place}: the port is taken`, {
      remedy: "Stop what listens there, or choose another port",
    });
  }
  return new SalvoError("program-failed", describeEnd(end), { remedy: "Its log says why" });
}

function describeEnd(end: ProcessEnd): string {
  const how = end.signal ?? `exit code ${end.exitCode}`;
  const log = end.stderr.trim().split("\n").slice(-LOG_LINES_SHOWN).join("\n");
  return `nats-server ended with ${how} after ${Math.round(end.durationMs)} ms; its last words:\n${log}`;
}
