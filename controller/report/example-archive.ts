import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { DuckDBInstance } from "@duckdb/node-api";
import { ManifestSchema } from "@salvo/proto/run_pb.ts";
import type { CpuRow, DiskRow, IoRow, ReportRun, SampleRow } from "./run.ts";

const IO = (kind: string) =>
  `${kind}_ios UINTEGER, ${kind}_bytes UBIGINT, ${kind}_bins USMALLINT[], ${kind}_counts UINTEGER[]`;
const PLACE = "run VARCHAR, participant VARCHAR, agent VARCHAR";
const SAMPLES = `${PLACE}, device VARCHAR, tick UINTEGER, t_ns BIGINT, stalled BOOL, runtime_ms UINTEGER, ${IO("read")}, ${IO("write")}`;
const CPU = `run VARCHAR, agent VARCHAR, tick UINTEGER, t_ns BIGINT, core UINTEGER, user_ms UINTEGER, system_ms UINTEGER,
  irq_ms UINTEGER, softirq_ms UINTEGER, steal_ms UINTEGER, idle_ms UINTEGER, iowait_ms UINTEGER`;
const DISK = `${PLACE}, tick UINTEGER, t_ns BIGINT, reads UINTEGER, read_bytes UBIGINT, writes UINTEGER, written_bytes UBIGINT,
  in_flight UINTEGER, busy_ms UINTEGER`;

/** Writes what a report reads of a run's archive: the manifest and the three Parquet files. For tests; slow. */
export async function writeExampleArchive({ manifest, samples, cpu, disk }: ReportRun, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "manifest.json"), toJsonString(ManifestSchema, manifest));
  const run = manifest.spec?.run ?? "";
  await writeParquet(
    join(folder, "samples.parquet"),
    SAMPLES,
    samples.map((row) => sampleValues(run, row)),
  );
  await writeParquet(
    join(folder, "cpu.parquet"),
    CPU,
    cpu.map((row) => cpuValues(run, row)),
  );
  await writeParquet(
    join(folder, "disk.parquet"),
    DISK,
    disk.map((row) => diskValues(run, row)),
  );
}

type Value = string | number | bigint | boolean | readonly number[];

async function writeParquet(file: string, columns: string, rows: readonly (readonly Value[])[]): Promise<void> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    await connection.run(`CREATE TABLE rows (${columns})`);
    for (let start = 0; start < rows.length; start += 500) {
      const values = rows.slice(start, start + 500).map((row) => `(${row.map(literal).join(",")})`);
      await connection.run(`INSERT INTO rows VALUES ${values.join(",")}`);
    }
    await connection.run(`COPY rows TO ${literal(file)} (FORMAT parquet, COMPRESSION zstd)`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function literal(value: Value): string {
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return typeof value === "object" ? `[${value.join(",")}]` : String(value);
}

function sampleValues(run: string, row: SampleRow): Value[] {
  const place = [run, row.participant, row.agent, row.device, row.tick, row.tNs, row.stalled, row.runtimeMs];
  return [...place, ...ioValues(row.read), ...ioValues(row.write)];
}

function ioValues({ ios, bytes, bins, counts }: IoRow): Value[] {
  return [ios, bytes, Array.from(bins), Array.from(counts)];
}

function cpuValues(run: string, row: CpuRow): Value[] {
  const times = [row.user, row.system, row.irq, row.softirq, row.steal, row.idle, row.iowait];
  return [run, row.agent, row.tick, row.tNs, row.core, ...times];
}

function diskValues(run: string, row: DiskRow): Value[] {
  const counters = [row.reads, row.readBytes, row.writes, row.writtenBytes, row.inFlight, row.busyMs];
  return [run, row.participant, row.agent, row.tick, row.tNs, ...counters];
}
