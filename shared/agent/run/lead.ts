import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { toSalvoError } from "../../kernel/error.ts";
import type { Nanos } from "../../kernel/time.ts";
import type { LeadLimits } from "../fio/workloads.ts";

/** Measured on Linux with fio 3.33. */
export const LINUX_LEAD: LeadLimits = { firstNs: 900_000n, maxNs: 3_000_000n };
const KEEP = 15;

/** How long before T0 this host must open its gates, learnt from what its own runs proved. */
export interface Lead {
  /**
   * The lower quartile of the last delays, within 0 and the system's limit (3 ms on Linux): what the gate itself takes. What a busy host adds to that is
   * different every time, and to allow for it would only let the quiet runs begin too early.
   */
  current(): Nanos;
  /** delayNs: from opening the gates to the first I/O. */
  learn(delaysNs: readonly Nanos[]): Promise<void>;
}

/** Kept in a file: one number of nanoseconds a line. A damaged file is begun anew. */
export function openLead(path: string, { firstNs, maxNs }: LeadLimits = LINUX_LEAD): Lead {
  let delays = read(path);
  return {
    current() {
      const sorted = delays.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
      const usual = sorted[Math.floor(sorted.length / 4)] ?? firstNs;
      return usual < 0n ? 0n : usual > maxNs ? maxNs : usual;
    },
    async learn(delaysNs) {
      delays = [...delays, ...delaysNs].slice(-KEEP);
      await writeFile(`${path}.new`, delays.map((delay) => `${delay}\n`).join(""), { mode: 0o600, flush: true });
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
