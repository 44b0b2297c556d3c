import type { Platform } from "@salvo/shared/agent/platform.ts";
import { openCores } from "./cpu.ts";
import { findDisk } from "./disk.ts";
import { identifyDisks } from "./disks/identity.ts";
import { fact } from "./disks/fact.ts";
import { numberOf, openDisk } from "./disks/opened.ts";
import { findSignatures } from "./disks/signatures.ts";
import { findWriters } from "./disks/writers.ts";
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
    // proc_pid_fd(5): to open such a link is to open the file itself.
    pathOfHandle: (fd) => `/proc/${process.pid}/fd/${fd}`,
    target: lioTarget,
    disks: {
      identify: oneLook(() => identifyDisks()),
      open: openDisk,
      findSignatures: ({ path }, waiting) => findSignatures(path, waiting),
      findWriters: (disk) => fact(() => findWriters(numberOf(disk))),
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
