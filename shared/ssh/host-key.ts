import { createHash } from "node:crypto";
import { SalvoError } from "../kernel/error.ts";
import type { Waiting } from "../kernel/signal.ts";
import { openClient } from "./client.ts";

/** By which a host is known. */
export interface HostKey {
  /** As ssh calls it: ssh-ed25519. */
  readonly type: string;
  /** As `ssh-keygen -lf` prints it: SHA256:... */
  readonly fingerprint: string;
}

/** Of a key as it comes over the wire: RFC 4253, 6.6: the length of its type, the type, the rest. */
export function describeHostKey(key: Buffer): HostKey {
  const type = key.subarray(4, 4 + key.readUInt32BE(0)).toString("latin1");
  return { type, fingerprint: `SHA256:${createHash("sha256").update(key).digest("base64").replaceAll("=", "")}` };
}

/**
 * The key that a host shows. The connection ends there: neither a name nor a proof of one's own is sent. Who holds the
 * key's private half has not been proven to anybody who does not know the key already.
 */
export async function fetchHostKey(
  place: { readonly host: string; readonly port: number },
  waiting: Waiting = {},
): Promise<HostKey> {
  let seen: HostKey | undefined;
  try {
    const client = await openClient(
      {
        ...place,
        username: "nobody", // never sent
        hostVerifier: (key: Buffer) => {
          seen = describeHostKey(key);
          return false;
        },
      },
      waiting,
    );
    client.destroy();
  } catch (error) {
    if (!seen) throw error;
  }
  if (seen) return seen;
  throw new SalvoError("unavailable", "the host showed no key", { host: place.host });
}
