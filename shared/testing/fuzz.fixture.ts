/** For tests that feed damaged input to whatever reads it. fast-check tells the seed of what it finds. */
import fc from "fast-check";

/** How many cases: SALVO_FUZZ, or as many as a check has time for. */
export function fuzzRuns(usual: number): number {
  return Number(process.env["SALVO_FUZZ"] ?? usual);
}

/** Bytes with some of them flipped, cut out, put in, repeated, or everything cut off. */
export function damaged(from: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer> {
  const edit = fc.record({
    what: fc.constantFrom("flip", "cut", "insert", "repeat", "end", "largest"),
    // A place as a share of the length, which is not known here.
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }),
  });
  return fc.tuple(from, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([bytes, edits]) => {
    let text = Buffer.from(bytes);
    for (const { what, at: share, bytes } of edits) {
      const at = Math.min(text.length, Math.floor(share * (text.length + 1)));
      const [before, after] = [text.subarray(0, at), text.subarray(at)];
      const [first = 0] = bytes;
      if (what === "flip" && after.length > 0) text[at] = (text[at] ?? 0) ^ (1 << (first % 8));
      else if (what === "cut") text = Buffer.concat([before, after.subarray(bytes.length)]);
      else if (what === "insert") text = Buffer.concat([before, bytes, after]);
      else if (what === "repeat") text = Buffer.concat([before, after.subarray(0, 64 * first), after]);
      else if (what === "end") text = Buffer.from(before);
      else text = Buffer.concat([before, Buffer.alloc(10, 0xff), after]);
    }
    return text;
  });
}
