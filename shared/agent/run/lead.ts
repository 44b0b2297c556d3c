import { readFileSync } from "node:fs";
import { replaceFile } from "../../files/durable.ts";
import { toSalvoError } from "../../kernel/error.ts";
import type { Nanos } from "../../kernel/time.ts";

/** From opening the gates to fio's first I/O, where no run has taught better: measured on Linux with fio 3.33. */
const FIRST_LEAD_NS = 900_000n;
const LEAD_MAX_NS = 3_000_000n;
const KEEP = 15;

/** How long before T0 this host must open its gates, learnt from what its own runs proved. */
export interface Lead {
  /**
   * The lower quartile of the last delays, within 0 and 3 ms: what the gate itself takes. What a busy host adds to that is
   * different every time, and to allow for it would only let the quiet runs begin too early.
   */
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
      const usual = sorted[Math.floor(sorted.length / 4)] ?? FIRST_LEAD_NS;
      return usual < 0n ? 0n : usual > LEAD_MAX_NS ? LEAD_MAX_NS : usual;
    },
    async learn(delaysNs) {
      delays = [...delays, ...delaysNs].slice(-KEEP);
      await replaceFile(path, delays.map((delay) => `${delay}\n`).join(""));
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
