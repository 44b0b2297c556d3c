import { lstatSync, readdirSync, readFileSync, readlinkSync, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { errnoOf } from "@salvo/shared/kernel/errno.ts";

/** What a look at the host needs. undefined: it is not there. */
export interface Host {
  readonly list: (folder: string) => readonly string[] | undefined;
  /** Without space at its ends: kernels end what they show with a newline. */
  readonly read: (file: string) => string | undefined;
  /** Where a link leads, as it is written there; undefined of anything else. */
  readonly readLink: (path: string) => string | undefined;
  /** Of a file, in bytes. */
  readonly size: (file: string) => number | undefined;
  /** Of the file system that the path is on, or would be, in bytes. */
  readonly blockSize: (path: string) => number;
}

export const linuxHost: Host = {
  list: (folder) => unlessMissing(() => readdirSync(folder).toSorted()),
  read: (file) => unlessMissing(() => readFileSync(file, "utf8").trim()),
  readLink: (path) => unlessMissing(() => (lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined)),
  size: (file) => unlessMissing(() => statSync(file).size),
  blockSize,
};

function blockSize(path: string): number {
  return unlessMissing(() => statfsSync(path).bsize) ?? blockSize(dirname(path));
}

function unlessMissing<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    // Below a file there is nothing, either. Kernels answer with the others where there is no value: what was not told yet, a
    // link's speed that nobody knows.
    const code = errnoOf(error);
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENODEV" || code === "EINVAL") return undefined;
    throw error;
  }
}
