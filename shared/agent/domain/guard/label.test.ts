import fc from "fast-check";
import { expect, test } from "vitest";
import { LABEL } from "./disk.fixture.ts";
import { encodeLabel, LABEL_BYTES, parseLabel, readLabel, RESERVED_BYTES } from "./label.ts";

const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);
const labels = fc.record({ uuid: fc.uuid(), lab: name, device: name });

test("a label is read as it was written, and is no boot sector", () => {
  fc.assert(
    fc.property(labels, (label) => {
      const block = encodeLabel(label);
      expect(block.length).toBe(LABEL_BYTES);
      expect(block.subarray(510).every((byte) => byte === 0)).toBe(true);
      expect(readLabel(block)).toEqual({ type: "label", label });
    }),
  );
});

test("any changed bit of it is seen", () => {
  const block = encodeLabel(LABEL);
  const used = block.findLastIndex((byte) => byte !== 0) + 1;
  for (let bit = 0; bit < used * 8; bit++) {
    const changed = Buffer.from(block);
    changed[bit >> 3]! ^= 1 << (bit & 7);
    expect(["foreign", "damaged"], `bit ${bit}`).toContain(readLabel(changed).type);
  }
});

test("cut off anywhere it is no label", () => {
  const block = encodeLabel(LABEL);
  for (let length = 16; length < block.length; length += 97)
    expect(readLabel(block.subarray(0, length)).type, `${length}`).toBe("damaged");
});

test("blank is only what is zero to the last byte of the reserved space", () => {
  const space = Buffer.alloc(Number(RESERVED_BYTES));
  expect(readLabel(space)).toEqual({ type: "blank" });
  space[space.length - 1] = 1;
  expect(readLabel(space)).toEqual({ type: "foreign" });
});

test("whatever stands there, reading it never throws", () => {
  const anything = fc.uint8Array({ maxLength: 8192 }).map((bytes) => Buffer.from(bytes));
  const afterMagic = anything.map((bytes) => Buffer.concat([encodeLabel(LABEL).subarray(0, 20), bytes]));
  fc.assert(
    fc.property(fc.oneof(anything, afterMagic), (bytes) => {
      expect(["blank", "foreign", "damaged"]).toContain(readLabel(bytes).type);
    }),
  );
});

test.for(["", "null", "[]", "3", "{", '{"uuid":"u","lab":"l"}', '{"uuid":1,"lab":"l","device":"d"}'])(
  "%j is no label's text",
  (text) => expect(parseLabel(text)).toBeUndefined(),
);
