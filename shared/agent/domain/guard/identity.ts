import type { DiskIdentity, Fact, Target } from "./facts.ts";
import { type Refusal, refusal } from "./refusal.ts";

/** How the agent's own file names a disk. */
export interface ListedDisk {
  readonly sizeBytes: bigint;
  readonly serial?: string | undefined;
  readonly wwn?: string | undefined;
  readonly target?: Target | undefined;
}

type Key = "serial" | "wwn" | "target";
const KEYS: readonly Key[] = ["serial", "wwn", "target"];
/** With the size that makes three. */
const KEYS_MIN = 2;

export function listedKeys(listed: ListedDisk): Key[] {
  return KEYS.filter((key) => comparable(key, listed[key]) !== "");
}

/** given: the disk came when its attacher gave it, which is a key by itself. */
export function hasEnoughKeys(listed: ListedDisk, { given = false }: { readonly given?: boolean } = {}): boolean {
  return listed.sizeBytes > 0n && listedKeys(listed).length >= (given ? KEYS_MIN - 1 : KEYS_MIN);
}

/** All disks that one of the listed keys points at. Exactly one may be used. Never a multipath map. */
export function candidates(listed: ListedDisk, disks: readonly DiskIdentity[]): DiskIdentity[] {
  return disks.filter(
    (disk) => disk.paths === undefined && listedKeys(listed).some((key) => same(key, listed[key], disk[key])),
  );
}

/** Whether both are ways to one LUN: they say the same of themselves in every key, and nothing about them is unknown. */
export function isSameLun(one: DiskIdentity, other: DiskIdentity): boolean {
  const { sizeBytes } = one;
  return (
    "value" in sizeBytes &&
    "value" in other.sizeBytes &&
    sizeBytes.value === other.sizeBytes.value &&
    KEYS.every((key) => {
      const fact = one[key];
      return "value" in fact && same(key, fact.value, other[key]);
    })
  );
}

/** The one disk that is meant, or why there is none. */
export function findListed(
  listed: ListedDisk,
  disks: readonly DiskIdentity[],
): { readonly disk: DiskIdentity } | { readonly refusal: Refusal } {
  const [disk, ...others] = candidates(listed, disks);
  if (!disk) return { refusal: refusal("not-found", `no disk here is ${describeListed(listed)}`) };
  if (others.length === 0) return { disk };
  const paths = [disk, ...others].map(({ path }) => path).join(", ");
  return { refusal: refusal("ambiguous", `${describeListed(listed)} points at ${paths}`) };
}

/** Which listed keys the disk contradicts, and which of its own could not be read. */
export function compare(listed: ListedDisk, disk: DiskIdentity): { wrong: string[]; unknown: string[] } {
  const wrong: string[] = [];
  const unknown: string[] = [];
  for (const key of listedKeys(listed)) {
    const fact = disk[key];
    if ("unknown" in fact) unknown.push(`${key} (${fact.unknown})`);
    else if (!same(key, listed[key], fact))
      wrong.push(`${key} is ${show(fact.value) || "none"}, not ${show(listed[key])}`);
  }
  return { wrong, unknown };
}

/** Other disks that share an identifier with this one, or of which that cannot be told. */
export function twins(disk: DiskIdentity, disks: readonly DiskIdentity[]): { shared: string[]; unknown: string[] } {
  const shared: string[] = [];
  const unknown: string[] = [];
  for (const other of disks.filter(({ path }) => path !== disk.path)) {
    for (const key of KEYS) {
      const [mine, theirs] = [disk[key], other[key]];
      if ("unknown" in theirs) unknown.push(`${key} of ${other.path} (${theirs.unknown})`);
      else if ("value" in mine && same(key, mine.value, theirs)) shared.push(`${key} with ${other.path}`);
    }
  }
  return { shared, unknown };
}

export function describeListed({ serial, wwn, target, sizeBytes }: ListedDisk): string {
  const keys = [
    serial && `serial ${serial}`,
    wwn && `WWN ${wwn}`,
    target && `target ${show(target)}`,
    `${sizeBytes} B`,
  ];
  return keys.filter(Boolean).join(", ");
}

function same(key: Key, listed: string | Target | undefined, fact: Fact<string | Target | undefined>): boolean {
  const wanted = comparable(key, listed);
  return wanted !== "" && "value" in fact && comparable(key, fact.value) === wanted;
}

/** "" is no identifier. WWNs are written as naa.5000..., 0x5000..., eui.0025...; what kind it is adds nothing to the number. */
function comparable(key: Key, value: string | Target | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "object") return show(value);
  const text = value.trim();
  return key === "wwn" ? text.toLowerCase().replace(/^(naa\.|eui\.|nvme\.|uuid\.|0x)/, "") : text;
}

function show(value: string | Target | undefined): string {
  return typeof value === "object" ? `${value.iqn} LUN ${value.lun}` : (value ?? "");
}
