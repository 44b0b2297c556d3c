import { DuckDBInstance } from "@duckdb/node-api";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createTable } from "./columns.ts";

const row = fc.record({
  flag: fc.boolean(),
  small: fc.integer({ min: 0, max: 0xffff }),
  large: fc.integer({ min: 0, max: 0xffff_ffff }),
  signed: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  unsigned: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  bins: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 100 }),
  counts: fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 100 }),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

test("rows of every type come out of the table as they went in, over any number of chunks", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 0, max: 5000 }),
      async (rows, many) => {
        const written = Array.from({ length: many }, (_, index): Row => rows[index % rows.length]!);
        expect(await roundTrip(written)).toEqual(written);
      },
    ),
    { numRuns: 10 },
  );
});

test("lists longer than the first buffer are kept whole", async () => {
  const long = Array.from({ length: 1856 }, (_, index) => index);
  const empty = { flag: false, small: 0, large: 0, signed: 0n, unsigned: 0n, bins: [], counts: [] };
  const written = Array.from({ length: 100 }, (_, index) => ({ ...empty, small: index, bins: long, counts: long }));
  expect(await roundTrip(written)).toEqual(written);
});

async function roundTrip(rows: readonly Row[]): Promise<unknown[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const table = await createTable(connection, "t", {
    flag: "BOOLEAN",
    small: "USMALLINT",
    large: "UINTEGER",
    signed: "BIGINT",
    unsigned: "UBIGINT",
    bins: "USMALLINT[]",
    counts: "UINTEGER[]",
  });
  for (const { flag, small, large, signed, unsigned, bins, counts } of rows) {
    table.columns.flag.push(flag ? 1 : 0);
    table.columns.small.push(small);
    table.columns.large.push(large);
    table.columns.signed.push(signed);
    table.columns.unsigned.push(unsigned);
    table.columns.bins.push(bins);
    table.columns.counts.push(counts);
    table.endRow();
  }
  table.close();
  const found = (await connection.runAndReadAll("SELECT * FROM t")).getRowObjectsJS();
  connection.closeSync();
  instance.closeSync();
  return found;
}

test("a row with a value too few is a bug that is noticed", async () => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const table = await createTable(connection, "t", { a: "UINTEGER", b: "UINTEGER" });
  table.columns.a.push(1);
  table.endRow();
  expect(() => table.close()).toThrow("bug: column b has 0 values for 1 rows");
  connection.closeSync();
  instance.closeSync();
});
