import type { Disks } from "@salvo/shared/agent/guard/disks.ts";
import { fact } from "./fact.ts";
import { identifyDisks } from "./identity.ts";
import { numberOf, openDisk } from "./opened.ts";
import { findSignatures } from "./signatures.ts";
import { findWriters } from "./writers.ts";

/** The raw disks of this host, for the disk guard. */
export function linuxDisks(): Disks {
  return {
    identify: oneLook(() => identifyDisks()),
    open: openDisk,
    findSignatures: ({ path }, waiting) => findSignatures(path, waiting),
    findWriters: (disk) => fact(() => findWriters(numberOf(disk))),
  };
}

/** All devices that are judged in one go are judged by the same look at the host: with many disks it takes milliseconds. */
function oneLook<T>(look: () => T): () => T {
  let seen: { readonly value: T } | undefined;
  return () => {
    if (!seen) {
      seen = { value: look() };
      queueMicrotask(() => (seen = undefined));
    }
    return seen.value;
  };
}
