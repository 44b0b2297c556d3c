import type { SalvoError } from "@salvo/shared/kernel/error.ts";
import { atWallTime } from "@salvo/shared/kernel/wall-timer.ts";
import { type Channel, openChannel } from "@salvo/shared/rpc/channel.ts";
import { mutualTls, type PeerFacts, type TlsMaterial } from "@salvo/shared/rpc/credentials.ts";

/** A channel to one peer whose connection lasts no longer than the newest certificate that is known of the peer. */
export interface Link {
  readonly channel: Channel;
  /** When that certificate expires, in ms since 1970; never while none is known. */
  readonly expiresMs: number;
  /** The peer has been given another one: what is open goes on for as long as that. */
  renewed(expiresMs: number): void;
}

export interface LinkOptions {
  /** host:port */
  readonly address: string;
  readonly material: TlsMaterial;
  /** What is wrong with a peer whose certificate the CA has signed, or undefined. */
  readonly checkServer: (peer: PeerFacts) => string | undefined;
  /** Asked before every call; throws when there may be none. */
  readonly admit: () => void;
  /** What calls end with that are open when the certificate expires. */
  readonly expired: () => SalvoError;
}

/** Nothing is sent before the first call. */
export function openLink({ address, material, checkServer, admit, expired }: LinkOptions): Link {
  let closed = false;
  let expiresMs = Infinity;
  let expiry: Disposable | undefined;
  let connection = connect();

  function connect(): Channel {
    const credentials = mutualTls(material, {
      checkServer(peer) {
        const problem = checkServer(peer);
        if (problem === undefined) know(peer.expiresMs);
        return problem;
      },
    });
    return openChannel(address, { credentials });
  }

  function know(untilMs: number): void {
    if (closed) return;
    expiresMs = untilMs;
    expiry?.[Symbol.dispose]();
    expiry = atWallTime(untilMs, connectAnew);
  }

  /** Where the peer has to show a certificate that is in force. */
  function connectAnew(): void {
    const last = connection;
    connection = connect();
    last.close(expired());
  }

  function stop(): void {
    closed = true;
    expiry?.[Symbol.dispose]();
  }

  return {
    channel: {
      address,
      open(path, deadlineMs, onDispose) {
        admit();
        return connection.open(path, deadlineMs, onDispose);
      },
      close(reason) {
        stop();
        connection.close(reason);
      },
      [Symbol.dispose]() {
        stop();
        connection[Symbol.dispose]();
      },
    },
    get expiresMs() {
      return expiresMs;
    },
    renewed: know,
  };
}
