/** Calls with whatever bytes as a message, as a peer that is not ours would make them; for tests. */
import { Client, credentials, status, type StatusObject } from "@grpc/grpc-js";
import type { Credential } from "../identity/pem.ts";

export interface RawCaller extends Disposable {
  /** Sends the messages, then their end; the name of the status that comes back. Answers are read and dropped. */
  call(path: string, messages: readonly Uint8Array[], waitMs: number): Promise<string>;
}

/** With the authority's certificate alone it is somebody who has none. */
export function rawCaller(address: string, own: Credential | Pick<Credential, "ca">): RawCaller {
  const [key, certificate] = "key" in own ? [Buffer.from(own.key), Buffer.from(own.certificate)] : [null, null];
  const tls = credentials.createSsl(Buffer.from(own.ca), key, certificate, { checkServerIdentity: () => undefined });
  const client = new Client(address, tls, { "grpc.use_local_subchannel_pool": 1 });
  const same = (bytes: Buffer) => bytes;
  return {
    call(path, messages, waitMs) {
      const { promise, resolve } = Promise.withResolvers<string>();
      const call = client.makeBidiStreamRequest(path, same, same, { deadline: Date.now() + waitMs });
      call.on("data", () => {});
      call.on("error", () => {}); // it is the status as well
      call.on("status", ({ code }: StatusObject) => resolve(status[code]));
      for (const bytes of messages) call.write(Buffer.from(bytes));
      call.end();
      return promise;
    },
    [Symbol.dispose]: () => client.close(),
  };
}
