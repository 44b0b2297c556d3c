/** A mix of block sizes as study files write it: `4KiB/60:64KiB/40`. Shares are of the I/Os, in percent. */
import type { Workload } from "@salvo/proto/workload_pb.ts";

export interface BlockShare {
  readonly bytes: bigint;
  readonly percent: number;
}

const SHARE = /^((\d{1,9})(B|KiB|MiB))\/(\d{1,3})$/;
const UNIT_BITS: Readonly<Record<string, bigint>> = { B: 0n, KiB: 10n, MiB: 20n };
const BLOCK_BYTES_MIN = 512n;
const BLOCK_BYTES_MAX = 64n << 20n;
/** fio takes no more. */
const SIZES_MAX = 64;

/** The shares, or what is wrong with the text: it reads on from the key's name. */
export function parseBlockMix(text: string): readonly BlockShare[] | { readonly problem: string } {
  const shares: BlockShare[] = [];
  for (const part of text.split(":")) {
    const [, size = "", count = "", unit = "", percent = ""] = SHARE.exec(part) ?? [];
    if (size === "")
      return { problem: `must be sizes with percentages, such as 4KiB/60:64KiB/40, not ${JSON.stringify(text)}` };
    const bytes = BigInt(count) << (UNIT_BITS[unit] ?? 0n);
    if (bytes < BLOCK_BYTES_MIN || bytes > BLOCK_BYTES_MAX)
      return { problem: `must have sizes of 512B to 64MiB, not ${size}` };
    if (Number(percent) === 0) return { problem: `has a share of 0 for ${size}: leave that size out` };
    if (shares.some((each) => each.bytes === bytes)) return { problem: `has ${size} twice` };
    shares.push({ bytes, percent: Number(percent) });
  }
  if (shares.length > SIZES_MAX) return { problem: `must have at most ${SIZES_MAX} sizes, but has ${shares.length}` };
  const sum = shares.reduce((total, { percent }) => total + percent, 0);
  return sum === 100 ? shares : { problem: `must have shares of 100 percent together, but they are ${sum}` };
}

/** All block sizes of a workload that was checked, one or those of its mix. */
export function blockSizesOf({
  blockSizeBytes,
  blockSizeMix,
}: Pick<Workload, "blockSizeBytes" | "blockSizeMix">): bigint[] {
  if (blockSizeMix === "") return blockSizeBytes === 0n ? [] : [blockSizeBytes];
  const shares = parseBlockMix(blockSizeMix);
  return "problem" in shares ? [] : shares.map(({ bytes }) => bytes);
}
