import { ChannelCredentials } from "@grpc/grpc-js";
import { onlyUri } from "@salvo/shared/kernel/certificate-uri.ts";
import { createSecureContext, type PeerCertificate, type TlsOptions as NodeTlsOptions } from "node:tls";
import { LenientClientCredentials, signedProblem } from "./lenient-credentials.ts";

/** Whoever connects and does not go on to prove who it is, is dropped after so long. */
const HANDSHAKE_MS = 5_000;

/** How two processes trust each other. Made here, so that nobody else needs gRPC's own types. */
export interface Credentials {
  /** Whether the peers are known, and the connection is encrypted. */
  readonly secure: boolean;
  forClient(): ChannelCredentials;
  /** Undefined without encryption. */
  forServer(): ServerTls | undefined;
}

export interface ServerTls {
  readonly options: NodeTlsOptions;
  /** Calls back with what new connections are to see from then on. */
  follow(onChange: (material: MaterialOptions) => void): Disposable;
}

/** No encryption and no identity: for tests within one process. `serve` takes it on loopback only. */
export const insecure: Credentials = {
  secure: false,
  forClient: () => ChannelCredentials.createInsecure(),
  forServer: () => undefined,
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
  const followers = new Set<(material: MaterialOptions) => void>();
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
    forServer: () => ({
      options: {
        ...contextOptions(current),
        requestCert: !anonymousClients,
        rejectUnauthorized: !anonymousClients,
        handshakeTimeout: HANDSHAKE_MS,
      },
      follow(onChange) {
        followers.add(onChange);
        return { [Symbol.dispose]: () => void followers.delete(onChange) };
      },
    }),
    replace(next) {
      current = next;
      for (const tell of followers) tell(contextOptions(next));
    },
  };
}

function factsOf({ subjectaltname, valid_to }: PeerCertificate): PeerFacts {
  return { identity: onlyUri(subjectaltname), expiresMs: Date.parse(valid_to) };
}

function contextOptions({ ca, own }: TlsMaterial) {
  return { ca, minVersion: "TLSv1.3", ...(own && { cert: own.certificate, key: own.key }) } as const;
}

export type MaterialOptions = ReturnType<typeof contextOptions>;
