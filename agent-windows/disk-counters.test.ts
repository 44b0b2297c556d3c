import { expect, test } from "vitest";
import { diskReader } from "./disk-counters.ts";
import { PERFORMANCE } from "./win32/device-control.ts";

type Field = keyof typeof PERFORMANCE.fields;

/** A disk that tells these counters, one answer after another. */
function disk(...answers: readonly Partial<Record<Field, number>>[]) {
  let next = 0;
  return diskReader({
    ask() {
      const bytes = Buffer.alloc(PERFORMANCE.bytes);
      for (const [field, value] of Object.entries(answers[next++] ?? {})) {
        const [at, type] = PERFORMANCE.fields[field as Field]; // the keys are those of the record above
        if (type === "u32") bytes.writeUInt32LE(value, at);
        else bytes.writeBigInt64LE(BigInt(value), at);
      }
      return bytes;
    },
  });
}

test("a disk's times are milliseconds, and it was busy when it was not idle", () => {
  const read = disk({
    ReadCount: 7,
    BytesRead: 28_672,
    ReadTime: 50_000,
    WriteTime: 10_000,
    QueryTime: 900_000,
    IdleTime: 300_000,
    QueueDepth: 3,
  });
  expect(read()).toEqual({
    reads: 7,
    readBytes: 28_672,
    writes: 0,
    writtenBytes: 0,
    inFlight: 3,
    busyMs: 60,
    readMs: 5,
    writeMs: 1,
    queueMs: 6,
  });
});

test("a count that went through its 32 bits goes on", () => {
  const read = disk({ ReadCount: 2 ** 32 - 10 }, { ReadCount: 5 }, { ReadCount: 6 });
  expect([read().reads, read().reads, read().reads]).toEqual([2 ** 32 - 10, 2 ** 32 + 5, 2 ** 32 + 6]);
});
