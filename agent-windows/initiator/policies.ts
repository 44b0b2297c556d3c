/** By which paths MPIO sends requests: the words of files, of mpclaim, and its numbers ("mpclaim -?"). */
import { Multipath } from "@salvo/proto/storage_pb.ts";

export type Policy = "round-robin" | "queue-length" | "service-time";

export const POLICY_CODES: Readonly<Record<Policy, number>> = {
  "round-robin": 2,
  "queue-length": 4, // least queue depth
  // Least blocks. With paths of one speed Linux' service-time is the same: the path with the fewest bytes in flight.
  "service-time": 6,
};

const SHORT: Readonly<Record<string, Policy>> = { RR: "round-robin", LQD: "queue-length", LB: "service-time" };

const WANTED: Readonly<Partial<Record<Multipath, Policy>>> = {
  [Multipath.ROUND_ROBIN]: "round-robin",
  [Multipath.QUEUE_LENGTH]: "queue-length",
  [Multipath.SERVICE_TIME]: "service-time",
};

export function policyOf(multipath: Multipath): Policy | undefined {
  return WANTED[multipath];
}

export interface MultipathDisk {
  /** Of MPIO: mpclaim knows the disk by it. */
  readonly number: number;
  /** Of Windows: \\.\PhysicalDrive2. */
  readonly disk: number;
  /** One of our words, or what mpclaim calls it. */
  readonly policy: string;
}

/** What "mpclaim -s -d" prints: "MPIO Disk0   Disk 2       RR           Microsoft DSM". The words before numbers may be translated. */
export function parseMultipathDisks(lines: readonly string[]): MultipathDisk[] {
  return lines.flatMap((line) => {
    const found = /^\S.*?(\d+)\s{2,}\S.*?(\d+)\s{2,}([A-Z]+)\s{2,}\S/.exec(line.trim());
    if (!found) return [];
    const [, number, disk, policy = ""] = found;
    return [{ number: Number(number), disk: Number(disk), policy: SHORT[policy] ?? policy }];
  });
}
