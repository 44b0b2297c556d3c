/**
 * Programs of others that read the lab's telemetry from NATS and may do nothing else there. As with agents, each fact is a
 * file that only ever comes: a name that was revoked is never good again, as its certificate may still be about.
 */
import { isThere } from "../files/is-there.ts";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { SalvoError } from "../kernel/error.ts";
import type { Authority } from "./authority.ts";
import { isName } from "./name.ts";
import type { Credential } from "./pem.ts";
import { replaceFile } from "../files/durable.ts";

export const READER_LIFE_MS = 365 * 24 * 60 * 60 * 1000;
/** No name has a dot. */
const REVOKED = ".revoked";

export interface Readers {
  /** A certificate and its key; again for the same name, another one. Throws `refused` for a name that was revoked. */
  createReader(name: string, nowMs: number): Promise<Credential>;
  /** Throws `invalid-input` when there is none of this name. */
  revokeReader(name: string): Promise<void>;
  /** Names of all that may read. */
  readers(): Promise<string[]>;
}

/** `folder` is made when it is missing: labs may be older than readers. */
export async function openReaders(folder: string, lab: string, authority: Authority): Promise<Readers> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const isRevoked = (name: string) => isThere(join(folder, name + REVOKED));

  async function readers(): Promise<string[]> {
    return (await readdir(folder)).filter((each) => isName(each) && !isRevoked(each)).toSorted();
  }

  return {
    readers,
    async createReader(name, nowMs) {
      if (!isName(name))
        throw new SalvoError("invalid-input", `${JSON.stringify(name)} cannot be the name of a reader`, {
          remedy: "Use at most 63 lower-case letters, digits and hyphens",
        });
      if (isRevoked(name))
        throw new SalvoError("refused", `reader ${name} was revoked, and its name is never used again`, {
          remedy: "Give it another name",
        });
      const credential = await authority.issue({
        identity: { kind: "reader", lab, id: name },
        lifeMs: READER_LIFE_MS,
        nowMs,
      });
      await replaceFile(join(folder, name), "");
      return credential;
    },
    async revokeReader(name) {
      const known = await readers();
      if (!known.includes(name))
        throw new SalvoError("invalid-input", `there is no reader ${name}`, {
          remedy: known.length === 0 ? "The lab has none" : `The lab has ${known.join(", ")}`,
        });
      await replaceFile(join(folder, name + REVOKED), "");
    },
  };
}
