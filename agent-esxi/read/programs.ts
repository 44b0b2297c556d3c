/** What programs beside esxcli and vim-cmd print: vmkfstools, partedUtil, vmkping, esxcfg-module. */
import { unreadable } from "./answer.ts";

/** `vmkfstools -C`: the UUID of the volume that it made. */
export function readNewVolume(text: string): string {
  const uuid = /^Successfully created new volume: ([0-9a-f-]+)\s*$/m.exec(text)?.[1];
  if (uuid !== undefined) return uuid;
  throw unreadable(text, "it does not say that a volume was created");
}

/** `vmkfstools -c`: throws unless it says that all was done. */
export function expectNewDisk(text: string): void {
  if (!/^Create: 100% done\.\s*$/m.test(text.replaceAll("\r", "\n")))
    throw unreadable(text, "it does not say that the disk was created");
}

/** `vmkfstools -q` of a raw device mapping: its kind, and the vml name that it maps to. Undefined for another disk. */
export function readRdm(text: string): { readonly kind: "physical" | "virtual"; readonly device: string } | undefined {
  const kind = /\bis a (Passthrough|Non-passthrough) Raw Device Mapping/i.exec(text)?.[1];
  if (kind === undefined) return undefined;
  const device = /^Maps to: (\S+)/m.exec(text)?.[1];
  if (device === undefined) throw unreadable(text, "it does not say what it maps to");
  return { kind: /^pass/i.test(kind) ? "physical" : "virtual", device };
}

export interface Partition {
  readonly number: number;
  readonly start: number;
  readonly end: number;
  /** AA31E02A400F11DB9590000C2911D1B8 is VMFS. */
  readonly guid: string;
}

/** `partedUtil getptbl`: "unknown" is a disk without a table. */
export function readPartitions(text: string): { readonly label: string; readonly partitions: readonly Partition[] } {
  const [label = "", geometry = "", ...rows] = text.trim().split(/\r?\n/);
  if (!/^(gpt|msdos|unknown)$/.test(label) || !/^\d+ \d+ \d+ \d+$/.test(geometry))
    throw unreadable(text, "this is no partition table");
  return {
    label,
    partitions: rows.map((row) => {
      const match = /^(\d+) (\d+) (\d+) (\S+)/.exec(row);
      if (!match) throw unreadable(text, `this is no partition: ${row}`);
      return { number: Number(match[1]), start: Number(match[2]), end: Number(match[3]), guid: match[4] ?? "" };
    }),
  };
}

/** `partedUtil getUsableSectors`: the first and the last. */
export function readUsableSectors(text: string): { readonly first: number; readonly last: number } {
  const match = /^(\d+) (\d+)\s*$/.exec(text.trim());
  if (!match) throw unreadable(text, "these are no two sectors");
  return { first: Number(match[1]), last: Number(match[2]) };
}

export interface Pinged {
  readonly sent: number;
  readonly received: number;
  readonly rttMinMs: number;
  /** The packet does not fit: Message too long. */
  readonly tooLong: boolean;
}

/** `vmkping`, whatever its exit code. */
export function readPing(text: string): Pinged {
  const counts = /(\d+) packets transmitted, (\d+) packets received/.exec(text);
  if (!counts) throw unreadable(text, "it does not say how many packets came back");
  const times = [...text.matchAll(/\btime=([\d.]+) ms/g)].map(([, time]) => Number(time));
  return {
    sent: Number(counts[1]),
    received: Number(counts[2]),
    rttMinMs: times.length === 0 ? 0 : times.reduce((least, each) => Math.min(least, each)),
    tooLong: /Message too long/.test(text),
  };
}

/** `esxcfg-module -g`: nmlx5_core enabled = 1 options = 'pfctx=0x08' */
export function readModuleOptions(text: string): { readonly enabled: boolean; readonly options: string } {
  const match = /^\S+ enabled = ([01]) options = '([^']*)'/m.exec(text);
  if (!match) throw unreadable(text, "it does not say whether the module is enabled");
  return { enabled: match[1] === "1", options: match[2] ?? "" };
}
