/** A client that takes a server whose certificate has just expired: Node itself can only take any or none of those. */
import { ChannelCredentials } from "@grpc/grpc-js";
import { X509Certificate } from "node:crypto";
import { TLSSocket } from "node:tls";

/** What Node would check, but for the end of its life. That its holder has the key, the handshake has proven. */
export function signedProblem(peer: X509Certificate, ca: string, expiredMsMax: number): string | undefined {
  const authority = new X509Certificate(ca);
  const nowMs = Date.now();
  if (peer.ca || !peer.checkIssued(authority) || !peer.verify(authority.publicKey)) return "its CA is another one";
  if (Date.parse(peer.validFrom) > nowMs) return "certificate is not yet valid";
  return Date.parse(peer.validTo) + expiredMsMax <= nowMs ? "certificate has expired" : undefined;
}

type SecureConnector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/** Decides itself whom it takes, after the handshake and before anything is sent. */
export class LenientClientCredentials extends ChannelCredentials {
  readonly #unchecked: ChannelCredentials;
  readonly #problemOf: (peer: X509Certificate) => string | undefined;

  constructor(unchecked: ChannelCredentials, problemOf: (peer: X509Certificate) => string | undefined) {
    super();
    this.#unchecked = unchecked;
    this.#problemOf = problemOf;
  }

  override _createSecureConnector(...how: Parameters<ChannelCredentials["_createSecureConnector"]>): SecureConnector {
    // oxlint-disable-next-line no-underscore-dangle -- the name that gRPC's public base class has for it
    const connector = this.#unchecked._createSecureConnector(...how);
    return {
      connect: async (socket) => {
        const connected = await connector.connect(socket);
        const peer = connected.socket instanceof TLSSocket ? connected.socket.getPeerX509Certificate() : undefined;
        const problem = peer ? this.#problemOf(peer) : "it shows no certificate";
        if (problem === undefined) return connected;
        connected.socket.destroy();
        throw new Error(problem);
      },
      waitForReady: () => connector.waitForReady(),
      getCallCredentials: () => connector.getCallCredentials(),
      destroy: () => connector.destroy(),
    };
  }

  override _isSecure(): boolean {
    return true;
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }
}
