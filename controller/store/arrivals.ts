import type { SeqRange } from "@salvo/proto/agent_pb.ts";

type Range = Pick<SeqRange, "first" | "last">;

/** Which of an agent's records arrived, and as which entry of the spool's journal. */
export interface Arrivals {
  /** Of those that are here. */
  readonly highest: number;
  has(seq: number): boolean;
  /** The checksum that it was added with; 0 when it is not here. */
  sumOf(seq: number): number;
  /** The entry that has it; 0 when it is not here. */
  entryOf(seq: number): number;
  /** Once more under the same number: the entry before it counts no more. */
  add(seq: number, entry: number, sum: number): void;
  /** Not here, and not to be had anywhere. */
  refuse(seq: number): void;
  /** Here, but somebody has another one of that number: the agent's own journal is to be asked. */
  doubt(seq: number, doubtful: boolean): void;
  /** Of 1 to lastSeq, ascending: what is not here or in doubt, and may be had. */
  missing(lastSeq: number): Range[];
  /** Few ranges of entries that have all records from `first` to `last` among them, and little else. */
  ranges(first: number, last: number): Range[];
}

/** Numbers are kept by the page: one that is far too high costs a page, and not all the space below it. */
const PAGE = 4096;
/** Reading so many entries for nothing is cheaper than starting to read anew. */
const GAP_ENTRIES = 64;
/** In place of an entry. */
const REFUSED = 0xffff_ffff;
/** Who makes more doubtful than that has all of the rest believed. */
const DOUBTS_MAX = 100_000;

interface Page {
  /** By seq; 0 is absent. */
  readonly entries: Uint32Array;
  readonly sums: Uint32Array;
}

export function createArrivals(): Arrivals {
  const pages = new Map<number, Page>();
  const doubts = new Set<number>();
  let highest = 0;

  const pageOf = (seq: number) => pages.get(Math.floor(seq / PAGE));
  const stateOf = (seq: number): number => pageOf(seq)?.entries[seq % PAGE] ?? 0;

  function entryOf(seq: number): number {
    const state = stateOf(seq);
    return state === REFUSED ? 0 : state;
  }

  function set(seq: number, entry: number, sum: number): void {
    let page = pageOf(seq);
    if (!page)
      pages.set(Math.floor(seq / PAGE), (page = { entries: new Uint32Array(PAGE), sums: new Uint32Array(PAGE) }));
    page.entries[seq % PAGE] = entry;
    page.sums[seq % PAGE] = sum;
  }

  return {
    get highest() {
      return highest;
    },
    has: (seq) => entryOf(seq) !== 0,
    sumOf: (seq) => pageOf(seq)?.sums[seq % PAGE] ?? 0,
    entryOf,
    add(seq, entry, sum) {
      set(seq, entry, sum);
      doubts.delete(seq);
      highest = Math.max(highest, seq);
    },
    refuse(seq) {
      doubts.delete(seq);
      if (stateOf(seq) === 0) set(seq, REFUSED, 0);
    },
    doubt(seq, doubtful) {
      if (!doubtful) doubts.delete(seq);
      else if (doubts.size < DOUBTS_MAX) doubts.add(seq);
    },
    missing(lastSeq) {
      const gaps: Range[] = [];
      const add = (first: number, last: number) => {
        const gap = gaps.at(-1);
        if (gap?.last === first - 1) gap.last = last;
        else gaps.push({ first, last });
      };
      for (let seq = 1; seq <= lastSeq;) {
        const end = Math.min(lastSeq, seq - (seq % PAGE) + PAGE - 1);
        if (!pageOf(seq)) add(seq, end);
        else for (let at = seq; at <= end; at++) if (stateOf(at) === 0 || doubts.has(at)) add(at, at);
        seq = end + 1;
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
