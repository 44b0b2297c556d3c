import type { NicCounters } from "@salvo/shared/agent/domain/counters.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { openKernelFile } from "./kernel-file.ts";

/** A host of containers has thousands of interfaces. Those of hardware come first, the others by name. */
export const NICS_MAX = 64;

/** A line has some 120 bytes; of more than 4000 interfaces the last ones are not seen. */
const DEV_BYTES_MAX = 512 * 1024;

export interface NicPlaces {
  readonly dev: string;
  readonly sys: string;
}

const PLACES: NicPlaces = { dev: "/proc/net/dev", sys: "/sys" };

/** Reads the interfaces that there are now, the loopback left out. One that goes is left out from then on. */
export function openNics({ dev, sys }: NicPlaces = PLACES): { read(): NicCounters[]; close(): void } {
  const file = openKernelFile(dev, DEV_BYTES_MAX);
  const names = parseNics(file.read())
    .map(({ name }) => ({ name, hardware: existsSync(join(sys, "class/net", name, "device")) }))
    .filter(({ name }) => name !== "lo")
    .toSorted((a, b) => Number(b.hardware) - Number(a.hardware) || (a.name < b.name ? -1 : 1));
  const chosen = new Set(names.slice(0, NICS_MAX).map(({ name }) => name));
  return { read: () => parseNics(file.read()).filter(({ name }) => chosen.has(name)), close: () => file.close() };
}

/**
 * /proc/net/dev: two lines of heads, then for each interface its name and 16 numbers: bytes packets errs drop fifo frame compressed
 * multicast received, and bytes packets errs drop fifo colls carrier compressed sent (proc_net_dev in net/core/net-procfs.c).
 */
export function parseNics(text: string): NicCounters[] {
  const lines = text.split("\n").slice(2, text.endsWith("\n") ? -1 : undefined);
  return lines.map((line) => {
    // A name may have a colon in it, an alias' does; the numbers have none.
    const colon = line.lastIndexOf(":");
    const numbers = line
      .slice(colon + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    const [receivedBytes = 0, receivedPackets = 0, receiveErrors = 0, receiveDrops = 0] = numbers;
    const [sentBytes = 0, sentPackets = 0, sendErrors = 0, sendDrops = 0] = numbers.slice(8);
    if (colon < 0 || numbers.length < 16 || numbers.some((value) => !Number.isFinite(value)))
      throw new SalvoError("program-failed", `/proc/net/dev has an unknown line: ${line.slice(0, 120)}`);
    return {
      name: line.slice(0, colon).trim(),
      receivedBytes,
      sentBytes,
      receivedPackets,
      sentPackets,
      drops: receiveDrops + sendDrops,
      errors: receiveErrors + sendErrors,
    };
  });
}
