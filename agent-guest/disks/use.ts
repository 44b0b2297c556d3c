import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { deviceNumber } from "../disk.ts";
import { readIfThere } from "./fact.ts";

/** A disk's folder in /sys and those of its partitions. */
export function partsOf(folder: string): { name: string; number: string; folder: string }[] {
  const partitions = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && readIfThere(join(folder, entry.name, "partition")) !== undefined)
    .map((entry) => join(folder, entry.name));
  return [folder, ...partitions].map((each) => ({
    name: basename(each),
    number: readFileSync(join(each, "dev"), "latin1").trim(),
    folder: each,
  }));
}

export interface Mount {
  /** The kernel's number for it. */
  readonly id: string;
  /** 8:1; of Btrfs, overlay and the like a number that no block device has. */
  readonly number: string;
  readonly at: string;
  readonly type: string;
  readonly source: string;
}

/** proc_pid_mountinfo(5): id, parent, major:minor, root, mount point, options, optional fields, "-", type, source, ... */
export function parseMounts(text: string): Mount[] {
  return lines(text).map((line) => {
    const [fields = "", rest = ""] = line.split(" - ");
    const [id, , number, , at] = fields.split(" ");
    const [type, source] = rest.split(" ");
    if (id === undefined || number === undefined || at === undefined || type === undefined || source === undefined)
      throw new Error(`a mount has an unknown form: ${line.slice(0, 120)}`);
    return { id, number, at: unescape(at), type, source: unescape(source) };
  });
}

/** proc_swaps(5): a head, then the file or device first. */
export function parseSwaps(text: string): string[] {
  const [head = "", ...swaps] = lines(text);
  if (!head.startsWith("Filename")) throw new Error(`the list of swaps has an unknown form: ${head.slice(0, 120)}`);
  return swaps.map((line) => unescape(line.split(/\s+/)[0] ?? ""));
}

/** The numbers by which a mount may mean a block device: its own, and that of its source. */
export function numbersOf({ number, source }: Pick<Mount, "number" | "source">): string[] {
  const ofSource = source.startsWith("/") ? blockNumber(source) : undefined;
  return ofSource === undefined ? [number] : [number, ofSource];
}

/** undefined for what is no block device, or not there: a file system that was mounted before its device was renamed. */
export function blockNumber(path: string): string | undefined {
  const [kind, number] = deviceAt(path)?.split(" ") ?? [];
  return kind === "block" ? number : undefined;
}

/** What kind of device a path leads to, and which: block 8:16, character 21:1. undefined as for blockNumber. */
export function deviceAt(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isBlockDevice()) return `block ${deviceNumber(found.rdev)}`;
  return found?.isCharacterDevice() ? `character ${deviceNumber(found.rdev)}` : undefined;
}

/** The whole disks below a block device: through partitions, volumes, arrays. Their numbers. */
export function disksBelow(number: string, sys = "/sys"): string[] {
  const link = join(sys, "dev/block", number);
  if (readIfThere(join(link, "dev")) === undefined) return []; // not a block device: overlay, tmpfs, nfs
  const folder = realpathSync(link);
  if (readIfThere(join(folder, "partition")) !== undefined) return disksBelow(devOf(dirname(folder)), sys);
  const slaves = readdirSync(join(folder, "slaves"));
  return slaves.length === 0
    ? [number]
    : slaves.flatMap((slave) => disksBelow(devOf(join(folder, "slaves", slave)), sys));
}

function devOf(folder: string): string {
  return readFileSync(join(folder, "dev"), "latin1").trim();
}

function lines(text: string): string[] {
  return text.split("\n").filter(Boolean);
}

/** Space, tab, line's end and backslash are written as three octal digits. */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
