import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

// The package belongs to shared, which is where it is found.
const { crc32c: compiled }: { crc32c: typeof crc32c } = createRequire(
  import.meta.resolve("@salvo/shared/journal/format.ts"),
)("@node-rs/crc32");

test("the checks of RFC 3720 B.4", () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
  expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283);
});

test("whatever the package says, in one go or going on", () => {
  for (let length = 0; length < 300; length += 7) {
    const [first, second] = [randomBytes(length), randomBytes(300 - length)];
    expect(crc32c(second, crc32c(first))).toBe(compiled(Buffer.concat([first, second])));
    expect(crc32c(second, crc32c(first))).toBe(compiled(second, compiled(first)));
  }
});
