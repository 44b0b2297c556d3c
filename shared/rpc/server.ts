import type { DescMessage, Message } from "@bufbuild/protobuf";
import {
  type ConnectionInjector,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type Address, formatAddress, isLoopback, requireAddress } from "@salvo/shared/kernel/address.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { deadline, unlessAborted, type Waiting } from "@salvo/shared/kernel/signal.ts";
import { insecure, type Credentials } from "./credentials.ts";
import { reasonOf } from "./flow.ts";
import { handleCall, type HandlingRules, type ServedCall } from "./handling.ts";
import { REFUSALS_MAX, SERVER_OPTIONS, type StrangerLimits } from "./limits.ts";
import { listen, type Listener, type ListenOptions } from "./listener.ts";
import { createRefusals } from "./refusals.ts";
import type { ImplementedService, Peer } from "./service.ts";
import { cannotListen } from "@salvo/shared/kernel/cannot-listen.ts";

/** How long calls may go on after the server was told to stop, and then how long their ends may take. */
const GRACE_MS = 500;

export interface ServeOptions extends Waiting {
  /** host:port; port 0 takes a free one. */
  readonly address: string;
  /** Made by `implement`. */
  readonly services: readonly ImplementedService[];
  /** Told of every bug in a handler; its caller gets `internal` and no stack. */
  readonly onBug: (error: unknown, method: string) => void;
  /** Called with every request message; throws `invalid-input`. */
  readonly validate?: (desc: DescMessage, message: Message) => void;
  readonly credentials?: Credentials;
  /** Throws `refused` when that peer may not call that method. */
  readonly authorize?: (method: string, peer: Peer) => void;
  /** Given where callers need no certificate. */
  readonly strangers?: StrangerLimits;
  readonly graceMs?: number;
}

export interface RpcServer extends AsyncDisposable {
  /** host:port with the port that was really taken. */
  readonly address: string;
}

/**
 * Serves until it is disposed of or the signal aborts: then it takes no more calls, lets those that run end for
 * graceMs, and ends the rest with `unavailable`. Throws `invalid-input`, `wrong-state` (the address is taken) or
 * `refused` when it cannot listen.
 */
export async function serve(options: ServeOptions): Promise<RpcServer> {
  const { address, services, onBug, validate = () => {}, credentials = insecure, graceMs = GRACE_MS, signal } = options;
  const { authorize = () => {}, strangers } = options;
  if (signal?.aborted) throw reasonOf(signal);
  const server = new Server(SERVER_OPTIONS);
  const live: HandlingRules["live"] = new Set();
  const refusals = createRefusals(REFUSALS_MAX);
  const rules = { validate, authorize, onRefused: (peer: string) => refusals.refused(peer), onBug, live };
  for (const service of services) addService(server, service, rules);
  const wanted = requireAddress(address, "cannot listen on");
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = await bind(wanted, {
    credentials,
    strangers,
    serve(connection) {
      refusals.enter(connection);
      injector.injectConnection(connection);
    },
  });
  const bound = formatAddress({ ...wanted, port: listener.port });

  let stopped: Promise<void> | undefined;
  const dispose = () => {
    signal?.removeEventListener("abort", onAbort);
    return (stopped ??= stop({ server, injector, listener }, live, graceMs));
  };
  const onAbort = () => void dispose();
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) await dispose();
  return { address: bound, [Symbol.asyncDispose]: dispose };
}

function addService(server: Server, service: ImplementedService, rules: HandlingRules): void {
  const definition: Record<string, ServiceDefinition[string]> = {};
  const handlers: UntypedServiceImplementation = {};
  const asBytes = (bytes: Buffer) => bytes;
  for (const method of service.methods) {
    const { path } = method.definition;
    definition[path] = {
      path,
      requestStream: true,
      responseStream: true,
      requestSerialize: asBytes,
      requestDeserialize: asBytes,
      responseSerialize: asBytes,
      responseDeserialize: asBytes,
    };
    handlers[path] = (stream: ServedCall) => void handleCall(stream, method, rules);
  }
  server.addService(definition, handlers);
}

/** TLS is ours, so that it has our limits: gRPC gets connections whose handshake is done. */
async function bind(
  wanted: Address,
  { credentials, strangers, serve }: Pick<ListenOptions, "strangers" | "serve"> & { readonly credentials: Credentials },
): Promise<Listener> {
  const address = formatAddress(wanted);
  if (!credentials.secure && !isLoopback(wanted))
    throw new SalvoError(
      "refused",
      `${address} can be reached by others, and nobody there would be asked who they are`,
      {
        remedy: "Give this host a certificate of its lab",
      },
    );
  try {
    return await listen({
      address: wanted,
      tls: credentials.forServer(),
      strangers,
      serve,
    });
  } catch (cause) {
    throw cannotListen(address, cause);
  }
}

interface Serving {
  readonly server: Server;
  readonly injector: ConnectionInjector;
  readonly listener: Listener;
}

async function stop(
  { server, injector, listener }: Serving,
  live: HandlingRules["live"],
  graceMs: number,
): Promise<void> {
  const gone = listener.close();
  // Ends the connections that are left after twice the grace: of callers that do not even read the end of their calls.
  // Not forceShutdown: without channelz it knows of no connections (grpc-js 1.14.7, server.ts, _sessionHandler).
  injector.drain(2 * graceMs);
  const { promise: shut, resolve, reject } = Promise.withResolvers<void>();
  server.tryShutdown((error) => (error ? reject(error) : resolve()));
  const closed = Promise.all([shut, gone]);
  if (await endsWithin(closed, graceMs)) return;
  const reason = new SalvoError("unavailable", "the server is stopping", { remedy: "Try again when it has started" });
  for (const end of live) end(reason);
  await closed;
}

async function endsWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  using timeout = deadline(ms, "stopping");
  try {
    await unlessAborted(promise, timeout);
    return true;
  } catch (error) {
    if (timeout.aborted) return false;
    throw error;
  }
}
