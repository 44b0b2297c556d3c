import { Client, type ClientDuplexStream } from "@grpc/grpc-js";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { insecure, type Credentials } from "./credentials.ts";
import { CLIENT_OPTIONS } from "./limits.ts";

/** Every call, whatever its kind: on the wire they are all the same. */
export type OpenCall = ClientDuplexStream<Buffer, Buffer>;

/**
 * The way to one peer: one for each, kept as long as the process needs it. It connects at the first call, and again by
 * itself. Disposing of it ends its calls with `cancelled`.
 */
export interface Channel extends Disposable {
  /** Disposes of it, and ends its calls with that reason. */
  close(reason: SalvoError): void;
  /** The peer's host:port. */
  readonly address: string;
  /** For `createClient`: begins a call; onDispose is called when the channel is disposed of before `release` is. */
  open(path: string, deadlineMs: number | undefined, onDispose: (reason: SalvoError) => void): HeldCall;
}

export interface HeldCall {
  readonly stream: OpenCall;
  readonly release: () => void;
}

export interface ChannelOptions {
  readonly credentials?: Credentials;
}

/** Address is host:port. Nothing is sent, and nothing can fail, before the first call. */
export function openChannel(address: string, { credentials = insecure }: ChannelOptions = {}): Channel {
  const client = new Client(address, credentials.forClient(), {
    ...CLIENT_OPTIONS,
    // Addresses are often numbers, which TLS does not allow as a server's name. Whoever serves has only one certificate.
    ...(credentials.secure && { "grpc.ssl_target_name_override": "peer.salvo" }),
  });
  const live = new Set<(reason: SalvoError) => void>();
  const asBytes = (bytes: Buffer) => bytes;
  let disposed = false;
  const close = (reason: SalvoError) => {
    if (disposed) return;
    disposed = true;
    for (const end of live) end(reason);
    client.close();
  };
  return {
    close,
    address,
    open(path, deadlineMs, onDispose) {
      assert(!disposed, `a call of ${path} on a channel that was disposed of`);
      const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
      const stream = client.makeBidiStreamRequest(path, asBytes, asBytes, options);
      // One entry per call, even where two share a callback.
      const end = (reason: SalvoError) => onDispose(reason);
      live.add(end);
      return { stream, release: () => live.delete(end) };
    },
    [Symbol.dispose]: () => close(new SalvoError("cancelled", "the channel was closed", { host: address })),
  };
}
