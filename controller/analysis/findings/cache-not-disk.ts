import type { FindingFacts } from "./facts.ts";
import { type Found, percent } from "./rule.ts";

const OF_FIO_MAX = 0.5;
/** Less is over before a disk would count it. */
const FIO_MIB_MIN = 64;
const BYTES_PER_MIB = 2 ** 20;

/** The disk moved much less than fio did: a cache above the disk did the rest. */
export function cacheNotDisk({ spec, disks }: FindingFacts): Found[] {
  return disks.flatMap(({ users, fioBytes, diskBytes }): Found[] => {
    if (diskBytes === undefined || fioBytes < FIO_MIB_MIN * BYTES_PER_MIB) return [];
    const share = diskBytes / fioBytes;
    if (share > OF_FIO_MAX) return [];
    const who = users.map(({ participant }) => participant).join(", ");
    const [first] = users;
    const on = { agent: first?.agent ?? "", participant: first?.participant ?? "" };
    return [
      {
        name: "cache-not-disk",
        sentence: `the disk of ${who} moved ${percent(share)} of what fio did: most of it came from a cache of the host`,
        evidence: [
          { what: "moved by fio", value: fioBytes / BYTES_PER_MIB, unit: "MiB", ...on },
          { what: "moved by the disk", value: diskBytes / BYTES_PER_MIB, unit: "MiB", ...on },
        ],
        confidence: spec.workload?.direct ? "medium" : "high",
        next: spec.workload?.direct
          ? "Use a raw disk, or a file of a file system that honours direct I/O"
          : "Set direct: true, or use files much larger than the memory of the host",
      },
    ];
  });
}
