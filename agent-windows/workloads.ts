import type { Workloads } from "@salvo/shared/agent/fio/workloads.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { WINDOWS } from "@salvo/shared/fio/system.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openGate } from "./gate.ts";
import { pinFile } from "./win32/pinned-file.ts";

/** fio looks for a file of this name in its TEMP, prints a dump when it is there, and removes it (stat.c, check_status_file). */
const DUMP_FILE = "fio-dump-status";

/** A question that cannot be written, as on a full disk, is a lost one: the dialogue asks again, and says that fio has stalled. */
function askForDump(folder: string): void {
  try {
    writeFileSync(join(folder, DUMP_FILE), "");
  } catch (error) {
    if (toSalvoError(error).kind === "internal") throw error;
  }
}

export const windowsWorkloads: Workloads = {
  system: WINDOWS,
  timing: {
    // GetSystemTimeAsFileTime goes on with each clock tick, 64 times a second.
    stampLagNs: 15_625_000n,
    // Measured under Wine only: a cmd for each job has to end.
    lead: { firstNs: 4_000_000n, maxNs: 20_000_000n },
  },
  openGate,
  // A folder that is this fio's alone. fio looks at TMPDIR first.
  environmentOf: (folder) => ({ TMPDIR: folder, TEMP: folder, TMP: folder }),
  requestDump: (_, folder) => askForDump(folder),
  // Its cmds end when their pipe does.
  endFio: (fio) => void fio.kill("SIGKILL"),
  async holdFile(file, path) {
    const { dev, ino } = await file.stat({ bigint: true });
    const pinned = pinFile(path, { dev, ino });
    return { path: pinned.path, release: () => pinned.close() };
  },
  readFioLimits: () => undefined,
  readCpuLimits: () => undefined,
  findWays: () => undefined,
};
