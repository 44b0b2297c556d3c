/** What is in an archive's Parquet files, and how records become their rows. */
import { join } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import type { CpuSample, DiskSample, FioSample, Io, Record } from "@salvo/proto/telemetry_pb.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { createTable } from "./columns.ts";
import { syncFile } from "./durable.ts";
import { quote } from "./sql.ts";

/**
 * The columns of each file, in order. A row tells what was between the tick before and `tick`, which is T0 + tick x
 * interval; t_ns is the controller's wall clock when it was taken, ns since 1970, and counted_ns the instant that the counts
 * are of (t_ns of a stalled sample, which has none). Bins are fio's, by number.
 */
export const PARQUET = {
  samples: {
    texts: ["run", "participant", "agent", "device"],
    numbers: {
      tick: "UINTEGER",
      t_ns: "BIGINT",
      stalled: "BOOLEAN",
      runtime_ms: "UINTEGER",
      read_ios: "UINTEGER",
      read_bytes: "UBIGINT",
      write_ios: "UINTEGER",
      write_bytes: "UBIGINT",
      read_bins: "USMALLINT[]",
      read_counts: "UINTEGER[]",
      write_bins: "USMALLINT[]",
      write_counts: "UINTEGER[]",
      counted_ns: "BIGINT",
    },
  },
  cpu: {
    texts: ["run", "agent"],
    numbers: {
      tick: "UINTEGER",
      t_ns: "BIGINT",
      core: "USMALLINT",
      user_ms: "UINTEGER",
      system_ms: "UINTEGER",
      irq_ms: "UINTEGER",
      softirq_ms: "UINTEGER",
      steal_ms: "UINTEGER",
      idle_ms: "UINTEGER",
      iowait_ms: "UINTEGER",
    },
  },
  disk: {
    texts: ["run", "participant", "agent"],
    numbers: {
      tick: "UINTEGER",
      t_ns: "BIGINT",
      reads: "UINTEGER",
      read_bytes: "UBIGINT",
      writes: "UINTEGER",
      written_bytes: "UBIGINT",
      in_flight: "UINTEGER",
      busy_ms: "UINTEGER",
    },
  },
} as const;

export type ParquetName = keyof typeof PARQUET;
export const PARQUET_NAMES: readonly ParquetName[] = ["samples", "cpu", "disk"];

/** An agent's clock read as the controller's wall clock, ns since 1970. */
export type WallClock = (agent: string, agentNs: bigint) => bigint | undefined;

export interface Tables {
  /** Keeps the record when it is a sample. */
  add(agent: string, record: Record): void;
  /** Writes `<folder>/<name>.parquet` for every name, rows by tick; nothing is added after it. */
  write(folder: string): Promise<void>;
}

/** Texts are written at the end: until then a row has the number of its participant, or agent, in the spec. */
const KEY = { key: "USMALLINT" } as const;

export async function createTables(instance: DuckDBInstance, spec: RunSpec, wall: WallClock): Promise<Tables> {
  const connection = await instance.connect();
  const samples = await createTable(connection, "samples", { ...KEY, ...PARQUET.samples.numbers });
  const cpu = await createTable(connection, "cpu", { ...KEY, ...PARQUET.cpu.numbers });
  const disk = await createTable(connection, "disk", { ...KEY, ...PARQUET.disk.numbers });
  const keys = new Map(spec.participants.map(({ id }, key) => [id, key]));
  const agentKeys = new Map(spec.agents.map(({ id }, key) => [id, key]));

  function keyOf(id: string, known: ReadonlyMap<string, number>): number {
    const key = known.get(id);
    assert(key !== undefined, `${id} is not in run ${spec.run}`);
    return key;
  }

  /** A sample is taken after T0, so its agent's clock is known by then. */
  function wallOf(agent: string, agentNs: bigint): bigint {
    const ns = wall(agent, agentNs);
    assert(ns !== undefined, `${agent} took samples, but its clock is not known`);
    return ns;
  }

  function addSample(agent: string, sample: FioSample): void {
    const to = samples.columns;
    to.key.push(keyOf(sample.participant, keys));
    to.tick.push(sample.tick);
    to.t_ns.push(wallOf(agent, sample.takenAtNs));
    to.stalled.push(sample.stalled ? 1 : 0);
    to.runtime_ms.push(sample.runtimeMs);
    const { read = NO_IO, write = NO_IO } = sample;
    to.read_ios.push(read.ios);
    to.read_bytes.push(read.bytes);
    to.write_ios.push(write.ios);
    to.write_bytes.push(write.bytes);
    to.read_bins.push(read.latency?.bins ?? []);
    to.read_counts.push(read.latency?.counts ?? []);
    to.write_bins.push(write.latency?.bins ?? []);
    to.write_counts.push(write.latency?.counts ?? []);
    to.counted_ns.push(wallOf(agent, sample.countedAtNs === 0n ? sample.takenAtNs : sample.countedAtNs));
    samples.endRow();
  }

  function addCpu(agent: string, { tick, takenAtNs, cores }: CpuSample): void {
    const to = cpu.columns;
    for (const [core, time] of cores.entries()) {
      to.key.push(keyOf(agent, agentKeys));
      to.tick.push(tick);
      to.t_ns.push(wallOf(agent, takenAtNs));
      to.core.push(core);
      to.user_ms.push(time.userMs);
      to.system_ms.push(time.systemMs);
      to.irq_ms.push(time.irqMs);
      to.softirq_ms.push(time.softirqMs);
      to.steal_ms.push(time.stealMs);
      to.idle_ms.push(time.idleMs);
      to.iowait_ms.push(time.iowaitMs);
      cpu.endRow();
    }
  }

  function addDisk(agent: string, sample: DiskSample): void {
    const to = disk.columns;
    to.key.push(keyOf(sample.participant, keys));
    to.tick.push(sample.tick);
    to.t_ns.push(wallOf(agent, sample.takenAtNs));
    to.reads.push(sample.reads);
    to.read_bytes.push(sample.readBytes);
    to.writes.push(sample.writes);
    to.written_bytes.push(sample.writtenBytes);
    to.in_flight.push(sample.inFlight);
    to.busy_ms.push(sample.busyMs);
    disk.endRow();
  }

  return {
    add(agent, { body }) {
      if (body.case === "fio") addSample(agent, body.value);
      else if (body.case === "cpu") addCpu(agent, body.value);
      else if (body.case === "disk" && body.value.participant !== "") addDisk(agent, body.value);
    },
    async write(folder) {
      for (const table of [samples, cpu, disk]) table.close();
      await createNames(connection, spec);
      connection.closeSync();
      // All at once: DuckDB sorts and packs one file on fewer cores than there may be.
      const copies = PARQUET_NAMES.map(async (name) => {
        const connection = await instance.connect();
        const path = join(folder, `${name}.parquet`);
        const names = name === "cpu" ? "agents" : "participants";
        const order = name === "cpu" ? "tick, key, core" : "tick, key";
        const columns = [...PARQUET[name].texts, ...Object.keys(PARQUET[name].numbers)].join(", ");
        await connection.run(
          `COPY (SELECT ${columns} FROM ${name} JOIN ${names} USING (key) ORDER BY ${order})
           TO ${quote(path)} (FORMAT parquet, COMPRESSION zstd)`,
        );
        connection.closeSync();
        await syncFile(path);
      });
      // All have ended before the database is closed beneath them, also when one fails.
      await Promise.allSettled(copies);
      await Promise.all(copies);
    },
  };
}

const NO_IO: Io = { $typeName: "salvo.v1.Io", ios: 0, bytes: 0n };

async function createNames(connection: DuckDBConnection, { run, agents, participants }: RunSpec): Promise<void> {
  await connection.run(`
    CREATE TABLE agents (key USMALLINT, run VARCHAR, agent VARCHAR);
    CREATE TABLE participants (key USMALLINT, run VARCHAR, participant VARCHAR, agent VARCHAR, device VARCHAR)`);
  const rows = [
    ...agents.map(({ id }, key) => ({ table: "agents", texts: [run, id], key })),
    ...participants.map(({ id, agent, device }, key) => ({
      table: "participants",
      texts: [run, id, agent, device],
      key,
    })),
  ];
  for (const table of ["agents", "participants"]) {
    const appender = await connection.createAppender(table);
    for (const { key, texts } of rows.filter((row) => row.table === table)) {
      appender.appendUSmallInt(key);
      for (const text of texts) appender.appendVarchar(text);
      appender.endRow();
    }
    appender.closeSync();
  }
}
