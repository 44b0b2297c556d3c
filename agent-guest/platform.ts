import type { Platform } from "@salvo/shared/agent/platform.ts";
import { openCores } from "./cpu.ts";
import { findDisk } from "./disk.ts";
import { identifyDisks } from "./disks/identity.ts";
import { openDisk } from "./disks/opened.ts";
import { findSignatures } from "./disks/signatures.ts";
import { openGate } from "./gate.ts";
import { bootId, describeHost } from "./host.ts";

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
    disks: {
      identify: () => identifyDisks(),
      open: openDisk,
      findSignatures: ({ path }, waiting) => findSignatures(path, waiting),
    },
  };
}
