import { parseIdentity } from "./name.ts";
import type { Credential } from "./pem.ts";

/** How a process of the lab connects to NATS: with its own certificate, to a server that the lab has made one. */
export function natsTls(lab: string, { ca, certificate, key }: Credential) {
  return {
    ca,
    certificate,
    key,
    checkServer: (uri: string | undefined) => {
      const peer = parseIdentity(uri);
      return peer?.kind === "nats" && peer.lab === lab ? undefined : `that is not the NATS server of lab ${lab}`;
    },
  };
}
