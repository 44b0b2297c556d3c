/**
 * Rows into a DuckDB table, column by column, as fast as memory can be copied. The appender takes lists element by element
 * (50 ns each, and a sample has a hundred), so vectors are filled whole through the binding below it.
 */
import { DuckDBDataChunk, type DuckDBConnection, type DuckDBType } from "@duckdb/node-api";
import binding, { type Vector } from "@duckdb/node-bindings";
import { assert, unreachable } from "@salvo/shared/kernel/assert.ts";

/** DuckDB's own vector size: as many rows as a chunk may have. */
const CHUNK_ROWS = 2048;

export interface NumberColumn {
  push(value: number): void;
}
export interface BigintColumn {
  push(value: bigint): void;
}
export interface ListColumn {
  push(values: readonly number[]): void;
}

interface ColumnOf {
  readonly BOOLEAN: NumberColumn;
  readonly USMALLINT: NumberColumn;
  readonly UINTEGER: NumberColumn;
  readonly BIGINT: BigintColumn;
  readonly UBIGINT: BigintColumn;
  readonly "USMALLINT[]": ListColumn;
  readonly "UINTEGER[]": ListColumn;
}
export type ColumnType = keyof ColumnOf;

export interface Table<Schema extends Readonly<Record<string, ColumnType>>> {
  /** Push one value to every column, then call endRow(). */
  readonly columns: { readonly [Name in keyof Schema]: ColumnOf[Schema[Name]] };
  endRow(): void;
  /** Makes the last rows readable; nothing is pushed after it. */
  close(): void;
}

/** Creates the table `name`, which holds NULL nowhere. Numbers out of a column's range are the caller's bug and wrap. */
export async function createTable<const Schema extends Readonly<Record<string, ColumnType>>>(
  connection: DuckDBConnection,
  name: string,
  schema: Schema,
): Promise<Table<Schema>> {
  const definition = Object.entries(schema).map(([column, type]) => `${column} ${type}`);
  await connection.run(`CREATE TABLE ${name} (${definition.join(", ")})`);
  const appender = await connection.createAppender(name);
  const columns = Object.entries(schema).map(([column, type]) => [column, createColumn(type)] as const);
  const types: DuckDBType[] = columns.map((_, index) => appender.columnType(index));
  let rows = 0;

  function appendChunk(): void {
    const chunk = DuckDBDataChunk.create(types, rows);
    for (const [index, [column, buffer]] of columns.entries()) {
      assert(buffer.rows() === rows, `column ${column} has ${buffer.rows()} values for ${rows} rows`);
      buffer.moveTo(binding.data_chunk_get_vector(chunk.chunk, index));
    }
    appender.appendDataChunk(chunk);
    rows = 0;
  }

  return {
    // Each name got the column of its own type three lines up; entries() forgets which was which.
    columns: Object.fromEntries(columns) as unknown as Table<Schema>["columns"],
    endRow() {
      if (++rows === CHUNK_ROWS) appendChunk();
    },
    close() {
      if (rows > 0) appendChunk();
      appender.closeSync();
    },
  };
}

interface Buffered {
  rows(): number;
  /** Copies the values to the vector and forgets them. */
  moveTo(vector: Vector): void;
}

function createColumn(type: ColumnType): Buffered {
  switch (type) {
    case "BOOLEAN":
      return scalars((values: number[]) => new Uint8Array(values));
    case "USMALLINT":
      return scalars((values: number[]) => new Uint16Array(values));
    case "UINTEGER":
      return scalars((values: number[]) => new Uint32Array(values));
    case "BIGINT":
      return scalars((values: bigint[]) => new BigInt64Array(values));
    case "UBIGINT":
      return scalars((values: bigint[]) => new BigUint64Array(values));
    case "USMALLINT[]":
      return lists((length) => new Uint16Array(length));
    case "UINTEGER[]":
      return lists((length) => new Uint32Array(length));
    default:
      return unreachable(type);
  }
}

/** Gathered in a plain array, since one line of code that writes to typed arrays of five kinds is slow in each of them. */
function scalars<T>(pack: (values: T[]) => NodeJS.TypedArray<ArrayBuffer>): Buffered & { push(value: T): void } {
  let values: T[] = [];
  return {
    push(value) {
      values.push(value);
    },
    rows: () => values.length,
    moveTo(vector) {
      copy(pack(values), vector);
      values = [];
    },
  };
}

function lists(
  allocate: (length: number) => Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
): Buffered & ListColumn {
  /** Where each row's elements begin in the child vector and how many they are, two u64: DuckDB's duckdb_list_entry. */
  const entries = new Uint32Array(4 * CHUNK_ROWS);
  let elements = allocate(16 * CHUNK_ROWS);
  let used = 0;
  let rows = 0;
  return {
    push(values) {
      if (used + values.length > elements.length) {
        const grown = allocate(2 * (used + values.length));
        grown.set(elements.subarray(0, used));
        elements = grown;
      }
      for (let index = 0; index < values.length; index++) elements[used + index] = values[index] ?? 0;
      entries[4 * rows] = used;
      entries[4 * rows + 2] = values.length;
      used += values.length;
      rows++;
    },
    rows: () => rows,
    moveTo(vector) {
      binding.list_vector_reserve(vector, used);
      binding.list_vector_set_size(vector, used);
      copy(elements.subarray(0, used), binding.list_vector_get_child(vector));
      copy(entries.subarray(0, 4 * rows), vector);
      used = 0;
      rows = 0;
    },
  };
}

function copy({ buffer, byteOffset, byteLength }: NodeJS.TypedArray<ArrayBuffer>, to: Vector): void {
  if (byteLength > 0) binding.copy_data_to_vector(to, 0, buffer, byteOffset, byteLength);
}
