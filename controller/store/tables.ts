/** How records become the rows of an archive's Parquet files. */
import { join } from "node:path";
import type { DuckDBInstance } from "@duckdb/node-api";
import { create } from "@bufbuild/protobuf";
import type { RunSpec } from "@salvo/proto/run_pb.ts";
import { CoreTimeSchema, NicCountsSchema } from "@salvo/proto/telemetry_pb.ts";
import type { CpuSample, DiskSample, FioSample, Io, NetSample, Record } from "@salvo/proto/telemetry_pb.ts";
import { msToNs } from "@salvo/shared/kernel/time.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { createTable, type Table } from "./columns.ts";
import { syncFile } from "@salvo/shared/files/durable.ts";
import { createNames, type Names } from "./names.ts";
import {
  type FileColumns,
  PARQUET,
  PARQUET_NAMES,
  parquetFile,
  type ParquetName,
  UNKNOWN_OF_VOLUMES,
  VOLUME_PREFIX,
} from "./parquet.ts";
import { quote } from "./sql.ts";

/** An agent's clock read as the controller's wall clock, ns since 1970. */
export type WallClock = (agent: string, agentNs: bigint) => bigint | undefined;

export interface Tables {
  /** Keeps the record when it is a sample. */
  add(agent: string, record: Record): void;
  /** Writes `<folder>/<name>.parquet` for every name, rows by tick; nothing is added after it. */
  write(folder: string): Promise<void>;
}

/** Texts are written at the end: until then a row has the number of its own. */
const KEY = { key: "USMALLINT" } as const;
const NAMED = { ...KEY, name: "UINTEGER" } as const;
const COLUMNS = {
  samples: { ...KEY, ...PARQUET.samples.numbers },
  cpu: { ...KEY, ...PARQUET.cpu.numbers },
  disk: { ...NAMED, ...PARQUET.disk.numbers },
  net: { ...NAMED, ...PARQUET.net.numbers },
} as const;
type TableOf<Name extends ParquetName> = Table<(typeof COLUMNS)[Name]>;

export async function createTables(instance: DuckDBInstance, spec: RunSpec, wall: WallClock): Promise<Tables> {
  const connection = await instance.connect();
  const samples = await createTable(connection, "samples", COLUMNS.samples);
  const cpu = await createTable(connection, "cpu", COLUMNS.cpu);
  const disk = await createTable(connection, "disk", COLUMNS.disk);
  const net = await createTable(connection, "net", COLUMNS.net);
  const place = placeOf(spec, wall);
  return {
    add(agent, { body }) {
      if (body.case === "fio") addSample(samples, place, agent, body.value);
      else if (body.case === "cpu") addCpu(cpu, place, agent, body.value);
      else if (body.case === "disk") addDisk(disk, place, agent, body.value);
      else if (body.case === "net") addNet(net, place, agent, body.value);
    },
    async write(folder) {
      for (const table of [samples, cpu, disk, net]) table.close();
      await place.names.write(connection);
      connection.closeSync();
      // All at once: DuckDB sorts and packs one file on fewer cores than there may be.
      const copies = PARQUET_NAMES.map(async (name) => {
        const connection = await instance.connect();
        const path = join(folder, parquetFile(name));
        await connection.run(`COPY (${SELECTS[name]}) TO ${quote(path)} (FORMAT parquet, COMPRESSION zstd)`);
        connection.closeSync();
        await syncFile(path);
      });
      // All have ended before the database is closed beneath them, also when one fails.
      await Promise.allSettled(copies);
      await Promise.all(copies);
    },
  };
}

/** What all rows of a run need. */
interface Place {
  readonly names: Names;
  readonly wallOf: (agent: string, agentNs: bigint) => bigint;
  /** When the time of a sample's counts began. An agent that does not tell it takes one sample an interval. */
  readonly sinceOf: (agent: string, sample: Pick<CpuSample, "sinceNs" | "takenAtNs">) => bigint;
}

function placeOf(spec: RunSpec, wall: WallClock): Place {
  const intervalNs = msToNs(spec.intervalMs);
  /** A sample is taken after T0, so its agent's clock is known by then. */
  const wallOf = (agent: string, agentNs: bigint) => {
    const ns = wall(agent, agentNs);
    assert(ns !== undefined, `${agent} took samples, but its clock is not known`);
    return ns;
  };
  return {
    names: createNames(spec),
    wallOf,
    sinceOf: (agent, { sinceNs, takenAtNs }) =>
      sinceNs === 0n ? wallOf(agent, takenAtNs) - intervalNs : wallOf(agent, sinceNs),
  };
}

function addSample(table: TableOf<"samples">, place: Place, agent: string, sample: FioSample): void {
  const to = table.columns;
  to.key.push(place.names.participant(agent, sample.participant));
  to.tick.push(sample.tick);
  to.t_ns.push(place.wallOf(agent, sample.takenAtNs));
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
  to.counted_ns.push(place.wallOf(agent, sample.countedAtNs === 0n ? sample.takenAtNs : sample.countedAtNs));
  table.endRow();
}

function addCpu(table: TableOf<"cpu">, place: Place, agent: string, sample: CpuSample): void {
  const to = table.columns;
  for (const [core, time] of (sample.gap ? [NO_TIME] : sample.cores).entries()) {
    to.key.push(place.names.agent(agent));
    to.tick.push(sample.tick);
    to.t_ns.push(place.wallOf(agent, sample.takenAtNs));
    to.core.push(core);
    to.user_ms.push(time.userMs);
    to.system_ms.push(time.systemMs);
    to.irq_ms.push(time.irqMs);
    to.softirq_ms.push(time.softirqMs);
    to.steal_ms.push(time.stealMs);
    to.idle_ms.push(time.idleMs);
    to.iowait_ms.push(time.iowaitMs);
    to.since_ns.push(place.sinceOf(agent, sample));
    to.gap.push(sample.gap ? 1 : 0);
    table.endRow();
  }
}

function addDisk(table: TableOf<"disk">, place: Place, agent: string, sample: DiskSample): void {
  const to = table.columns;
  to.key.push(place.names.participant(agent, sample.participant));
  to.name.push(place.names.text(sample.disk));
  to.tick.push(sample.tick);
  to.t_ns.push(place.wallOf(agent, sample.takenAtNs));
  to.reads.push(sample.reads);
  to.read_bytes.push(sample.readBytes);
  to.writes.push(sample.writes);
  to.written_bytes.push(sample.writtenBytes);
  to.in_flight.push(sample.inFlight);
  to.busy_ms.push(sample.busyMs);
  to.read_ms.push(sample.readMs);
  to.write_ms.push(sample.writeMs);
  to.queue_ms.push(sample.queueMs);
  to.since_ns.push(place.sinceOf(agent, sample));
  to.gap.push(sample.gap ? 1 : 0);
  to.commands.push(sample.commands);
  table.endRow();
}

function addNet(table: TableOf<"net">, place: Place, agent: string, sample: NetSample): void {
  const to = table.columns;
  for (const nic of sample.gap ? [NO_NIC] : sample.nics) {
    to.key.push(place.names.agent(agent));
    to.name.push(place.names.text(nic.name));
    to.tick.push(sample.tick);
    to.t_ns.push(place.wallOf(agent, sample.takenAtNs));
    to.since_ns.push(place.sinceOf(agent, sample));
    to.received_bytes.push(nic.receivedBytes);
    to.sent_bytes.push(nic.sentBytes);
    to.received_packets.push(nic.receivedPackets);
    to.sent_packets.push(nic.sentPackets);
    to.drops.push(nic.drops);
    to.errors.push(nic.errors);
    to.gap.push(sample.gap ? 1 : 0);
    table.endRow();
  }
}

const NO_IO: Io = { $typeName: "salvo.v1.Io", ios: 0, bytes: 0n };
/** Stand for what was not read: rows of gaps have no counts in the file. */
const NO_TIME = create(CoreTimeSchema);
const NO_NIC = create(NicCountsSchema);

const SELECTS: Readonly<globalThis.Record<ParquetName, string>> = {
  samples: `SELECT ${columnsOf("samples")} FROM samples JOIN participants USING (key) ORDER BY tick, key`,
  cpu: `SELECT ${columnsOf("cpu")} FROM cpu JOIN agents USING (key) ORDER BY tick, key, core`,
  disk: `SELECT ${columnsOf("disk", "text AS disk")} FROM disk JOIN participants USING (key) JOIN texts USING (name)
    ORDER BY tick, key, disk`,
  net: `SELECT ${columnsOf("net", "if(gap, NULL, text) AS nic")} FROM net JOIN agents USING (key) JOIN texts USING (name)
    ORDER BY tick, key, nic`,
};

/** The last text of a file with names of things that only its samples tell comes from the table of those. */
function columnsOf(name: ParquetName, named?: string): string {
  const { texts, numbers, counts }: FileColumns = PARQUET[name];
  const told = named === undefined ? texts : [...texts.slice(0, -1), named];
  const known = (column: string) => {
    const unknown = [counts.includes(column) && "gap", name === "disk" && unknownOfDisks(column)].filter(Boolean);
    return unknown.length > 0 ? `if(${unknown.join(" OR ")}, NULL, ${column}) AS ${column}` : column;
  };
  return [...told, ...Object.keys(numbers).map(known)].join(", ");
}

/** Which disks cannot tell a column. */
function unknownOfDisks(column: string): string | false {
  if (column === "commands") return `NOT starts_with(text, '${VOLUME_PREFIX}')`;
  return UNKNOWN_OF_VOLUMES.includes(column) && `starts_with(text, '${VOLUME_PREFIX}')`;
}
