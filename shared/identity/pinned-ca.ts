import type { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { type Address, formatAddress } from "../kernel/address.ts";
import { SalvoError, toSalvoError } from "../kernel/error.ts";
import { unlessAborted } from "../kernel/signal.ts";
import { publicKeyPin } from "./pem.ts";

/**
 * The CA (PEM) of whoever listens there, if it is the one that the pin names; nothing is sent but the handshake. It only
 * says what the CA's certificate is: who holds a key is proven on the connection that trusts this CA. Throws `refused`
 * for another one, `unavailable` and the like when nobody answers.
 */
export async function fetchPinnedCa({ host, port }: Address, pin: string, signal: AbortSignal): Promise<string> {
  const address = formatAddress({ host, port });
  // Nothing is trusted yet, and nothing is sent: what matters is checked below.
  const socket = connect({ host, port, rejectUnauthorized: false, minVersion: "TLSv1.3", ALPNProtocols: ["h2"] });
  const { promise: shaken, resolve, reject } = Promise.withResolvers<void>();
  socket.once("secureConnect", resolve);
  socket.on("error", (error) => reject(toSalvoError(error, { host: address })));
  socket.once("close", () => reject(new SalvoError("unavailable", "the connection was closed", { host: address })));
  try {
    await unlessAborted(shaken, signal);
    const chain = chainOf(socket.getPeerX509Certificate());
    const pinned = chain.find((each) => each.ca && publicKeyPin(each) === pin);
    if (pinned) return pinned.toString();
  } finally {
    socket.destroy();
  }
  throw new SalvoError(
    "refused",
    `${address} does not belong to the lab that the token is for; the token was not sent`,
    {
      remedy: "Check the address, and make a new token in the lab's own folder",
    },
  );
}

function chainOf(leaf: X509Certificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = [];
  for (let each = leaf; each && chain.length < 4; each = each.issuerCertificate) chain.push(each);
  return chain;
}
