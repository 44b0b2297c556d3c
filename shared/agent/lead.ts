import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { toSalvoError } from "../kernel/error.ts";
import type { Nanos } from "../kernel/time.ts";

/** From opening the gates to fio's first I/O, where no run has taught better: measured on Linux with fio 3.33. */
const FIRST_LEAD_NS = 900_000n;
const LEAD_MAX_NS = 5_000_000n;
const KEEP = 15;

/** How long before T0 this host must open its gates, learnt from what its own runs proved. */
export interface Lead {
  /** The median of the last delays, within 0 and 5 ms. */
  current(): Nanos;
  /** delayNs: from opening the gates to the first I/O. */
  learn(delaysNs: readonly Nanos[]): Promise<void>;
}

/** Kept in a file: one number of nanoseconds a line. A damaged file is begun anew. */
export function openLead(path: string): Lead {
  let delays = read(path);
  return {
    current() {
      const sorted = delays.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const median = sorted[Math.floor(sorted.length / 2)] ?? FIRST_LEAD_NS;
      return median < 0n ? 0n : median > LEAD_MAX_NS ? LEAD_MAX_NS : median;
    },
    async learn(delaysNs) {
      delays = [...delays, ...delaysNs].slice(-KEEP);
      await writeFile(`${path}.new`, delays.map((delay) => `${delay}\n`).join(""));
      await rename(`${path}.new`, path);
    },
  };
}

function read(path: string): Nanos[] {
  try {
    const lines = readFileSync(path, "latin1").split("\n").filter(Boolean);
    return lines.every((line) => /^-?\d{1,18}$/.test(line)) ? lines.map(BigInt) : [];
  } catch (error) {
    if (toSalvoError(error).kind === "not-found") return [];
    throw error;
  }
}
