import type { SeqRange } from "@salvo/proto/agent_pb.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";

type Range = Pick<SeqRange, "first" | "last">;

/** Which of an agent's records arrived, and as which entry of the spool's journal. */
export interface Arrivals {
  readonly highest: number;
  /** Throws `invalid-input` for a seq that no run can have. */
  has(seq: number): boolean;
  /** After has() said no. */
  add(seq: number, entry: number): void;
  /** Gaps in 1 to lastSeq. */
  missing(lastSeq: number): Range[];
  /** Few ranges of entries that have all records from `first` to `last` among them, and little else. */
  ranges(first: number, last: number): Range[];
}

/** 4 bytes each, kept for every record: a week of 30 records a second is 73 MB. */
const SEQ_MAX = 2 ** 28;
/** Numbers are kept by the page: one that is far too high costs a page, and not all the space below it. */
const PAGE = 4096;
/** Reading so many entries for nothing is cheaper than starting to read anew. */
const GAP_ENTRIES = 64;

export function createArrivals(): Arrivals {
  /** By seq; 0 is absent. */
  const pages = new Map<number, Uint32Array>();
  let highest = 0;

  const entryOf = (seq: number): number => pages.get(Math.floor(seq / PAGE))?.[seq % PAGE] ?? 0;

  return {
    get highest() {
      return highest;
    },
    has(seq) {
      if (!Number.isInteger(seq) || seq < 1 || seq > SEQ_MAX)
        throw new SalvoError("invalid-input", `a record has the number ${seq}; they count from 1 to ${SEQ_MAX}`);
      return entryOf(seq) !== 0;
    },
    add(seq, entry) {
      const number = Math.floor(seq / PAGE);
      const page = pages.get(number) ?? new Uint32Array(PAGE);
      pages.set(number, page);
      page[seq % PAGE] = entry;
      highest = Math.max(highest, seq);
    },
    missing(lastSeq) {
      const gaps: Range[] = [];
      for (let seq = 1; seq <= lastSeq; seq++) {
        if (entryOf(seq) !== 0) continue;
        const gap = gaps.at(-1);
        if (gap?.last === seq - 1) gap.last = seq;
        else gaps.push({ first: seq, last: seq });
      }
      return gaps;
    },
    ranges(first, last) {
      const here: number[] = [];
      for (let seq = first; seq <= last; seq++) {
        const entry = entryOf(seq);
        if (entry !== 0) here.push(entry);
      }
      const found: Range[] = [];
      for (const entry of here.sort((a, b) => a - b)) {
        const range = found.at(-1);
        if (range && entry <= range.last + GAP_ENTRIES) range.last = entry;
        else found.push({ first: entry, last: entry });
      }
      return found;
    },
  };
}
