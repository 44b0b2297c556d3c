import type { DescMessage, Message, MessageInitShape } from "@bufbuild/protobuf";
import type { ServerDuplexStream } from "@grpc/grpc-js";
import { ofSocket } from "@salvo/shared/kernel/address.ts";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { decode, encode, type MethodDefinition } from "./definition.ts";
import { toStatus } from "./failure.ts";
import { createBell, createWriter, eachUnlessAborted, isStop, reasonOf } from "./flow.ts";
import { onlyUri } from "@salvo/shared/kernel/certificate-uri.ts";
import { atWallTime } from "@salvo/shared/kernel/wall-timer.ts";
import type { CallContext, ImplementedMethod, Peer } from "./service.ts";

type Response = MessageInitShape<DescMessage>;

/** Registered with gRPC as bidirectional, whatever their kind: on the wire they are all the same. */
export type ServedCall = ServerDuplexStream<Buffer, Buffer>;

export interface HandlingRules {
  /** Throws `invalid-input` when a request breaks the rules of its message. */
  readonly validate: (desc: DescMessage, message: Message) => void;
  /** Throws `refused` when that peer may not call that method; asked before a byte of the request is looked at. */
  readonly authorize: (method: string, peer: Peer) => void;
  /** Told of every peer that was refused a method, as gRPC names it. */
  readonly onRefused: (peer: string) => void;
  /** Told of every error that a handler threw and that is neither a SalvoError nor the system's. */
  readonly onBug: (error: unknown, method: string) => void;
  /** The calls being served, each by what ends it. */
  readonly live: Set<(reason: SalvoError) => void>;
}

/** Serves one call to its end. Never rejects: what goes wrong is the caller's to know, and a bug is also onBug's. */
export async function handleCall(
  stream: ServedCall,
  { definition, handler }: ImplementedMethod,
  { validate, authorize, onRefused, onBug, live }: HandlingRules,
): Promise<void> {
  const { desc, name } = definition;
  const stop = new AbortController();
  const { signal } = stop;
  const end = (reason: SalvoError) => stop.abort(reason);
  const onLate = (error: unknown) => {
    // It has been told to stop; that it stopped is no news.
    if (!isStop(error)) onBug(error, name);
  };
  stream.on("cancelled", () => {
    // gRPC says the same after every end, and that is none.
    if (live.has(end))
      end(new SalvoError("cancelled", `${name}: the caller cancelled, was lost, or has waited long enough`));
  });
  live.add(end);
  try {
    const context: CallContext = { signal, peer: peerOf(stream) };
    using _ = atWallTime(context.peer.expiresMs, () => end(expired(name)));
    if (signal.aborted) throw reasonOf(signal);
    try {
      authorize(name, context.peer);
    } catch (error) {
      onRefused(stream.getPeer());
      throw error;
    }
    const requests = readRequests(stream, signal, definition, validate);
    const write = createWriter(stream, signal);
    const output = handler(definition.streamsRequests ? requests : await only(requests, name), context);
    const responses: AsyncIterable<Response> = definition.streamsResponses ? output : justOne(output);
    for await (const response of eachUnlessAborted(responses, signal, onLate))
      await write(encode(desc.output, response, name));
    stream.end();
  } catch (error) {
    stream.emit("error", toStatus(signal.aborted ? reasonOf(signal) : toOwnError(error, name, onBug)));
  } finally {
    live.delete(end);
  }
}

function peerOf(stream: ServedCall): Peer {
  const certificate = stream.getAuthContext().sslPeerCertificate;
  return {
    address: ofSocket(stream.getPeer()),
    identity: onlyUri(certificate?.subjectaltname),
    expiresMs: certificate ? Date.parse(certificate.valid_to) : Infinity,
  };
}

/** TLS has looked at the dates once, when the connection was made, and connections last for days. */
function expired(method: string): SalvoError {
  return new SalvoError("refused", `${method}: the caller's certificate has expired since it connected`, {
    remedy: "Connect again, with a certificate that is in force by this host's clock",
  });
}

async function* readRequests(
  stream: ServedCall,
  signal: AbortSignal,
  { desc, name }: MethodDefinition,
  validate: HandlingRules["validate"],
): AsyncGenerator<Message, void> {
  // Not the stream's own iterator: it destroys the stream when the requests end, and from Node 26 on that drops the
  // response as well. https://github.com/grpc/grpc-node/issues/1839
  const bell = createBell();
  let ended = false;
  stream.on("end", () => {
    // A client that cancels sends the end of its requests first and the reset right after it (Node does, in
    // ClientHttp2Stream.close): wait for what came in the same packet, or an upload broken off would look complete.
    setImmediate(() => {
      ended = true;
      bell.ring();
    });
  });
  stream.on("readable", bell.ring);
  signal.addEventListener("abort", bell.ring, { once: true });
  for (;;) {
    if (signal.aborted) throw reasonOf(signal);
    const bytes: unknown = stream.read();
    if (Buffer.isBuffer(bytes)) {
      const request = decode(desc.input, bytes, name);
      validate(desc.input, request);
      yield request;
    } else if (ended) return;
    else await bell.wait();
  }
}

async function only(requests: AsyncIterable<Message>, method: string): Promise<Message> {
  for await (const request of requests) return request;
  throw new SalvoError("invalid-input", `${method}: the call ended without a request`);
}

async function* justOne<T>(value: Promise<T>): AsyncGenerator<T, void> {
  yield await value;
}

/** The error that the caller gets. Of a bug it gets the message, never the stack. */
function toOwnError(caught: unknown, method: string, onBug: HandlingRules["onBug"]): SalvoError {
  const error = toSalvoError(caught);
  if (error === caught || error.kind !== "internal") return error;
  onBug(caught, method);
  return new SalvoError("internal", `${method} failed because of a bug in Salvo: ${error.message}`, {
    remedy: "Report it together with that host's log",
  });
}
