import { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import { onlyUri } from "@salvo/shared/kernel/certificate-uri.ts";
import { createSecureContext, type PeerCertificate } from "node:tls";
import { LenientClientCredentials, signedProblem } from "./lenient-credentials.ts";

/** Whoever connects and does not go on to prove who it is, is dropped after so long. */
const HANDSHAKE_MS = 5_000;

/** How two processes trust each other. Made here, so that nobody else needs gRPC's own types. */
export interface Credentials {
  /** Whether the peers are known, and the connection is encrypted. */
  readonly secure: boolean;
  forClient(): ChannelCredentials;
  forServer(): ServerCredentials;
}

/** No encryption and no identity: for tests within one process. `serve` takes it on loopback only. */
export const insecure: Credentials = {
  secure: false,
  forClient: () => ChannelCredentials.createInsecure(),
  forServer: () => ServerCredentials.createInsecure(),
};

/** PEM. Whoever does not have the key is a client that stays anonymous. */
export interface TlsMaterial {
  readonly ca: string;
  readonly own?: { readonly certificate: string; readonly key: string };
}

export interface PeerFacts {
  /** The one URI in its certificate. */
  readonly identity: string | undefined;
  /** When the certificate expires, in ms since 1970. */
  readonly expiresMs: number;
}

export interface TlsOptions {
  /** For clients: what is wrong with a server whose certificate the CA has signed, or undefined. */
  readonly checkServer?: (peer: PeerFacts) => string | undefined;
  /** For clients: a server whose certificate has expired since less than this is taken nevertheless. Default 0. */
  readonly expiredMsMax?: number;
  /** For servers: callers need no certificate. What they may call is the business of `authorize`. */
  readonly anonymousClients?: boolean;
}

export interface TlsCredentials extends Credentials {
  /** New connections see the new certificate; those that are open go on. */
  replace(material: TlsMaterial): void;
}

/** TLS 1.3, both sides signed by the one CA given; who the peer is stands in its certificate, not in its address. */
export function mutualTls(
  material: TlsMaterial,
  { checkServer, expiredMsMax = 0, anonymousClients = false }: TlsOptions = {},
): TlsCredentials {
  let current = material;
  const servers = new Set<SwappableServerCredentials>();
  return {
    secure: true,
    forClient() {
      const problemOf = checkServer ?? (() => "nobody has said who is expected there");
      const context = createSecureContext(contextOptions(current));
      if (expiredMsMax > 0)
        return new LenientClientCredentials(
          ChannelCredentials.createFromSecureContext(context, { rejectUnauthorized: false }),
          (peer) => signedProblem(peer, current.ca, expiredMsMax) ?? problemOf(factsOf(peer.toLegacyObject())),
        );
      return ChannelCredentials.createFromSecureContext(context, {
        checkServerIdentity: (_host, peer) => {
          const problem = problemOf(factsOf(peer));
          return problem === undefined ? undefined : new Error(problem);
        },
      });
    },
    forServer() {
      const credentials = new SwappableServerCredentials(contextOptions(current), !anonymousClients);
      servers.add(credentials);
      return credentials;
    },
    replace(next) {
      current = next;
      for (const each of servers) each.swap(contextOptions(next));
    },
  };
}

function factsOf({ subjectaltname, valid_to }: PeerCertificate): PeerFacts {
  return { identity: onlyUri(subjectaltname), expiresMs: Date.parse(valid_to) };
}

function contextOptions({ ca, own }: TlsMaterial) {
  return { ca, minVersion: "TLSv1.3", ...(own && { cert: own.certificate, key: own.key }) } as const;
}

type ContextOptions = ReturnType<typeof contextOptions>;

/** gRPC's own knows neither a least version of TLS nor a certificate that changes. */
class SwappableServerCredentials extends ServerCredentials {
  constructor(context: ContextOptions, clientsHaveCertificates: boolean) {
    super(
      {
        requestCert: clientsHaveCertificates,
        rejectUnauthorized: clientsHaveCertificates,
        minVersion: "TLSv1.3",
        handshakeTimeout: HANDSHAKE_MS,
      },
      context,
    );
  }

  swap(context: ContextOptions): void {
    this.updateSecureContextOptions(context);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
