import type { Platform } from "@salvo/shared/agent/platform.ts";
import { openCores } from "./cpu.ts";
import { findDisk } from "./disk.ts";
import { identifyDisks } from "./disks/identity.ts";
import { openDisk } from "./disks/opened.ts";
import { findSignatures } from "./disks/signatures.ts";
import { openGate } from "./gate.ts";
import { bootId, describeHost } from "./host.ts";
import { lioTarget } from "./target/provider.ts";

export function linuxPlatform(): Platform & Required<Pick<Platform, "disks">> {
  const cores = openCores();
  return {
    describeHost,
    bootId,
    openGate,
    // fio answers on its standard output (HOWTO, "Signals").
    requestDump: (fio) => fio.signal("SIGUSR1"),
    readCores: () => cores.read(),
    findDisk: (path) => findDisk(path),
    target: lioTarget,
    disks: {
      identify: oneLook(() => identifyDisks()),
      open: openDisk,
      findSignatures: ({ path }, waiting) => findSignatures(path, waiting),
    },
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
