import { inflateSync } from "node:zlib";
import { expect, test } from "vitest";
import { pngDataUri } from "./png.ts";

test("the picture has its size in the header and its pixels row by row, each behind a filter byte of 0", () => {
  const uri = pngDataUri(3, 2, Uint8Array.from([0, 1, 2, 2, 1, 0]), [
    [0, 0, 0, 0],
    [255, 0, 0, 255],
    [0, 0, 255, 128],
  ]);
  const png = Buffer.from(uri.replace("data:image/png;base64,", ""), "base64");
  expect(png.subarray(1, 4).toString()).toBe("PNG");
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([3, 2]);
  const at = png.indexOf("IDAT");
  expect([...inflateSync(png.subarray(at + 4, at + 4 + png.readUInt32BE(at - 4)))]).toEqual([0, 0, 1, 2, 0, 2, 1, 0]);
});
