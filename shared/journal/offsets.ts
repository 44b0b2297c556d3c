import { assert } from "../kernel/assert.ts";

/** One record in so many has its place kept: a week of samples then fits in a few MiB. */
const STRIDE = 64;

/** Where records begin in a journal file: enough to read from any of them by decoding fewer than 64 others. */
export interface Offsets {
  /** For every record, in order from 1. */
  add(seq: number, atByte: number): void;
  /** The last known record that is not after `seq`. */
  atOrBefore(seq: number): { readonly seq: number; readonly atByte: number };
}

export function createOffsets(): Offsets {
  const kept: number[] = [];
  return {
    add(seq, atByte) {
      if ((seq - 1) % STRIDE !== 0) return;
      assert(kept.length === (seq - 1) / STRIDE, `offset of record ${seq} comes out of order`);
      kept.push(atByte);
    },
    atOrBefore(seq) {
      const slot = Math.floor((seq - 1) / STRIDE);
      const atByte = kept[slot];
      assert(atByte !== undefined, `record ${seq} has no offset`);
      return { seq: slot * STRIDE + 1, atByte };
    },
  };
}
