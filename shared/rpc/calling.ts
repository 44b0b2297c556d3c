import { status as Status, type StatusObject } from "@grpc/grpc-js";
import type { DescMessage, Message, MessageInitShape } from "@bufbuild/protobuf";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import type { Channel, OpenCall } from "./channel.ts";
import { decode, encode, type MethodDefinition } from "./definition.ts";
import { fromStatus } from "./failure.ts";
import { createBell, createWriter, eachUnlessAborted, isStop, reasonOf } from "./flow.ts";

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly deadlineMs?: number;
}

type Request = MessageInitShape<DescMessage>;

/**
 * One call, from the first `next` to its end: sends the requests beside, yields the responses. Throws the first of: the
 * signal's reason, what the requests threw, what the peer answered. Leaving it early cancels the call.
 */
export async function* startCall(
  channel: Channel,
  definition: MethodDefinition,
  requests: AsyncIterable<Request> | Iterable<Request>,
  { signal, deadlineMs }: CallOptions,
): AsyncGenerator<Message, void> {
  const { desc, name, path } = definition;
  if (signal?.aborted) throw reasonOf(signal);

  const bell = createBell();
  const over = new AbortController();
  let status: StatusObject | undefined;
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown) => {
    if (status && status.code !== Status.OK) return;
    failure ??= { error };
    stream.cancel();
    over.abort();
    bell.ring();
  };

  const { stream, release } = channel.open(path, deadlineMs, fail);
  stream.on("readable", bell.ring);
  stream.on("error", () => {}); // The status that follows says the same.
  stream.on("status", (received: StatusObject) => {
    status = received;
    over.abort();
    bell.ring();
  });
  const onAbort = () => signal && fail(reasonOf(signal));
  signal?.addEventListener("abort", onAbort, { once: true });
  sendRequests(stream, definition, requests, over.signal).catch((error: unknown) => {
    if (!over.signal.aborted) fail(error);
  });

  try {
    for (;;) {
      if (failure) throw failure.error;
      const bytes: unknown = stream.read();
      if (Buffer.isBuffer(bytes)) yield decode(desc.output, bytes, name);
      else if (!status) await bell.wait();
      else if (status.code === Status.OK) return;
      else throw fromStatus(status, { method: name, host: channel.address, deadlineMs });
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    release();
    over.abort();
    if (!status) stream.cancel();
  }
}

/** The response of a call that has just one. */
export async function onlyResponse(responses: AsyncIterable<Message>, method: string, host: string): Promise<Message> {
  let only: Message | undefined;
  for await (const response of responses) only = response;
  if (only) return only;
  throw new SalvoError("internal", `${method} ended well but without a response`, { host });
}

async function sendRequests(
  stream: OpenCall,
  { desc, name }: MethodDefinition,
  requests: AsyncIterable<Request> | Iterable<Request>,
  over: AbortSignal,
): Promise<void> {
  const onLate = (error: unknown) => {
    // The call has ended and said how. Only a bug is worth more: it ends the process as an unhandled rejection.
    if (!isStop(error)) throw error;
  };
  const write = createWriter(stream, over);
  for await (const request of eachUnlessAborted(requests, over, onLate)) await write(encode(desc.input, request, name));
  stream.end();
}
