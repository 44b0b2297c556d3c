import { expect, test } from "vitest";
import { parseDiskStat } from "./disk-stat.ts";

/** /sys/block/vda/stat of a virtio disk: Linux 6.18 has 17 fields, before 5.5 there were 15, before 4.18 11. */
const VDA =
  "38141152   819368 427065114  5198341  3452645   664282 138098216  4439468        3   300492  9650979    36787      745  9791664     8193    29544     4975\n";

test.for([17, 15, 11])("the first of %i fields are reads, writes, in flight and busy", (count) => {
  const text = ` ${VDA.trim().split(/ +/).slice(0, count).join("   ")}\n`;
  expect(parseDiskStat(text)).toEqual({
    reads: 38_141_152,
    readBytes: 427_065_114 * 512,
    writes: 3_452_645,
    writtenBytes: 138_098_216 * 512,
    inFlight: 3,
    busyMs: 300_492,
    readMs: 5_198_341,
    writeMs: 4_439_468,
    queueMs: 9_650_979,
  });
});

test.for(["", "1 2 3 4\n", "1 2 3 4 5 6 7 8 9 x 11\n"])("another form is refused: %j", (text) => {
  expect(() => parseDiskStat(text)).toThrow("the kernel's block statistics have an unknown form");
});
