/**
 * Rows into a DuckDB table, column by column, as fast as memory can be copied. The appender takes lists element by element
 * (50 ns each, and a sample has a hundred), so vectors are filled whole through the binding below it.
 */
import { createRequire } from "node:module";
import { DuckDBDataChunk, type DuckDBConnection, type DuckDBType } from "@duckdb/node-api";
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
      return new Scalars(new Uint8Array(CHUNK_ROWS));
    case "USMALLINT":
      return new Scalars(new Uint16Array(CHUNK_ROWS));
    case "UINTEGER":
      return new Scalars(new Uint32Array(CHUNK_ROWS));
    case "BIGINT":
      return new Scalars(new BigInt64Array(CHUNK_ROWS));
    case "UBIGINT":
      return new Scalars(new BigUint64Array(CHUNK_ROWS));
    case "USMALLINT[]":
      return new Lists((length) => new Uint16Array(length));
    case "UINTEGER[]":
      return new Lists((length) => new Uint32Array(length));
    default:
      return unreachable(type);
  }
}

interface Elements<T> {
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly BYTES_PER_ELEMENT: number;
  readonly length: number;
  [index: number]: T;
}

class Scalars<T> implements Buffered {
  readonly #values: Elements<T>;
  #rows = 0;
  constructor(values: Elements<T>) {
    this.#values = values;
  }
  push(value: T): void {
    this.#values[this.#rows++] = value;
  }
  rows(): number {
    return this.#rows;
  }
  moveTo(vector: Vector): void {
    copy(this.#values, this.#rows, vector);
    this.#rows = 0;
  }
}

class Lists implements Buffered {
  /** Where each row's elements begin in the child vector, and how many they are: DuckDB's duckdb_list_entry. */
  readonly #entries = new BigUint64Array(2 * CHUNK_ROWS);
  readonly #allocate: (length: number) => Uint16Array | Uint32Array;
  #elements: Uint16Array | Uint32Array;
  #used = 0;
  #rows = 0;
  constructor(allocate: (length: number) => Uint16Array | Uint32Array) {
    this.#allocate = allocate;
    this.#elements = allocate(16 * CHUNK_ROWS);
  }
  push(values: readonly number[]): void {
    const used = this.#used;
    if (used + values.length > this.#elements.length) this.#grow(used + values.length);
    const elements = this.#elements;
    for (let index = 0; index < values.length; index++) elements[used + index] = values[index] ?? 0;
    this.#entries[2 * this.#rows] = BigInt(used);
    this.#entries[2 * this.#rows + 1] = BigInt(values.length);
    this.#used += values.length;
    this.#rows++;
  }
  rows(): number {
    return this.#rows;
  }
  moveTo(vector: Vector): void {
    binding.list_vector_reserve(vector, this.#used);
    binding.list_vector_set_size(vector, this.#used);
    copy(this.#elements, this.#used, binding.list_vector_get_child(vector));
    copy(this.#entries, 2 * this.#rows, vector);
    this.#used = 0;
    this.#rows = 0;
  }
  #grow(least: number): void {
    const grown = this.#allocate(2 * least);
    grown.set(this.#elements.subarray(0, this.#used));
    this.#elements = grown;
  }
}

function copy(from: Elements<unknown>, count: number, to: Vector): void {
  if (count > 0) binding.copy_data_to_vector(to, 0, from.buffer, from.byteOffset, count * from.BYTES_PER_ELEMENT);
}

type Vector = { readonly __duckdb_type: "duckdb_vector" };

/** What we use of @duckdb/node-bindings, whose declarations have the same names and shapes. */
interface Binding {
  data_chunk_get_vector(chunk: DuckDBDataChunk["chunk"], column: number): Vector;
  list_vector_reserve(vector: Vector, length: number): void;
  list_vector_set_size(vector: Vector, length: number): void;
  list_vector_get_child(vector: Vector): Vector;
  copy_data_to_vector(to: Vector, toByte: number, from: ArrayBufferLike, fromByte: number, bytes: number): void;
}

// It is a dependency of @duckdb/node-api and found from there; require() returns any, and columns.test.ts proves the shape.
const binding: Binding = createRequire(import.meta.resolve("@duckdb/node-api"))("@duckdb/node-bindings");
