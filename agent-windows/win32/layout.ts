/** Structures of Windows' C headers as bytes: where each field is. layout.test.ts compares them with mingw's headers. */
import { assert } from "@salvo/shared/kernel/assert.ts";

const BYTES = { u8: 1, u16: 2, u32: 4, i32: 4, i64: 8, u64: 8 } as const;
export type FieldType = keyof typeof BYTES;

export interface Layout<F extends string> {
  /** As the header calls it. */
  readonly name: string;
  readonly bytes: number;
  readonly fields: Readonly<Record<F, readonly [at: number, type: FieldType]>>;
}

/** Throws when a field lies outside of the structure, or is not aligned as Windows on x64 aligns it. */
export function layout<F extends string>(name: string, bytes: number, fields: Layout<F>["fields"]): Layout<F> {
  for (const [field, [at, type]] of Object.entries<readonly [number, FieldType]>(fields)) {
    assert(at % BYTES[type] === 0, `${name}.${field} is not aligned`);
    assert(at + BYTES[type] <= bytes, `${name}.${field} is beyond the ${bytes} bytes of the structure`);
  }
  return { name, bytes, fields };
}

/** The field of the structure that begins at `from`. A 64-bit number is exact to 2^53, which is 28 years of 100 ns. */
export function readField<F extends string>(buffer: Buffer, { fields }: Layout<F>, field: F, from = 0): number {
  const [offset, type] = fields[field];
  const at = from + offset;
  switch (type) {
    case "u8":
      return buffer.readUInt8(at);
    case "u16":
      return buffer.readUInt16LE(at);
    case "u32":
      return buffer.readUInt32LE(at);
    case "i32":
      return buffer.readInt32LE(at);
    case "i64":
      return Number(buffer.readBigInt64LE(at));
    case "u64":
      return Number(buffer.readBigUInt64LE(at));
  }
}
