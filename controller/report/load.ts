import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, DuckDBListValue, type DuckDBValue } from "@duckdb/node-api";
import { SalvoError, toSalvoError } from "@salvo/shared/kernel/error.ts";
import { checkSums } from "../store/checksums.ts";
import { loadManifest } from "../store/manifest.ts";
import { quote } from "../store/sql.ts";
import type { CpuRow, DiskRow, IoRow, ReportRun, SampleRow } from "./run.ts";
import { thinLatencies } from "./thin.ts";

/**
 * Reads a sealed run's folder and checks what it reads against its checksums. Throws `not-found` when it is none,
 * `corrupt` when it is damaged, `invalid-input` when a newer Salvo wrote it.
 */
export async function loadReportRun(archiveFolder: string): Promise<ReportRun> {
  await stat(archiveFolder).catch((error: unknown) => {
    throw toSalvoError(error, { file: archiveFolder, remedy: "Name the folder of a sealed run" });
  });
  const manifest = await loadManifest(archiveFolder);
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    try {
      const rows = <Row>(file: string, query: string, rowOf: (values: readonly DuckDBValue[]) => Row) =>
        readRows(connection, archiveFolder, file, query, rowOf);
      return {
        manifest,
        samples: await Array.fromAsync(thinLatencies(rows("samples.parquet", SAMPLES, sampleRow), manifest)),
        cpu: await Array.fromAsync(rows("cpu.parquet", CPU, cpuRow)),
        disk: await Array.fromAsync(rows("disk.parquet", DISK, diskRow)),
      };
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/**
 * A day has 86 400 ticks of many cores: more than a page can show, and as rows more than memory has. Neighbouring ticks
 * of a core are summed until 1500 are left, which shares of time bear well.
 */
const CPU = `
  SELECT agent, max(tick), max(t_ns), core, sum(user_ms), sum(system_ms), sum(irq_ms), sum(softirq_ms), sum(steal_ms),
    sum(idle_ms), sum(iowait_ms)
  FROM source GROUP BY agent, core, (tick - 1) // (SELECT greatest(1, ceil(max(tick) / 1500.0))::INTEGER FROM source)
  ORDER BY 2, agent, core`;
const SAMPLES = `
  SELECT participant, agent, device, tick, t_ns, coalesce(counted_ns, t_ns), stalled, runtime_ms, read_ios, read_bytes, read_bins, read_counts,
    write_ios, write_bytes, write_bins, write_counts
  FROM source ORDER BY tick, participant`;
const DISK = `
  SELECT participant, agent, tick, t_ns, reads, read_bytes, writes, written_bytes, in_flight, busy_ms
  FROM source ORDER BY tick, participant`;

async function* readRows<Row>(
  connection: DuckDBConnection,
  folder: string,
  name: string,
  query: string,
  rowOf: (values: readonly DuckDBValue[]) => Row,
): AsyncGenerator<Row> {
  await checkSums(folder, name);
  const file = join(folder, name);
  try {
    // A column of newer archives is NULL in older ones.
    const newer = name === "samples.parquet" ? "SELECT NULL::BIGINT AS counted_ns WHERE false UNION ALL BY NAME" : "";
    const source = `WITH source AS (${newer} SELECT * FROM read_parquet(${quote(file)}))`;
    for await (const rows of (await connection.stream(source + query)).yieldRows()) yield* rows.map(rowOf);
  } catch (error) {
    throw new SalvoError("corrupt", `the measurements cannot be read: ${String(error)}`, { file, cause: error });
  }
}

function sampleRow(values: readonly DuckDBValue[]): SampleRow {
  const [participant, agent, device, tick, tNs, countedNs, stalled, runtimeMs, ...ios] = values;
  return {
    participant: textOf(participant),
    agent: textOf(agent),
    device: textOf(device),
    tick: numberOf(tick),
    tNs: bigintOf(tNs),
    countedNs: bigintOf(countedNs),
    stalled: stalled === true,
    runtimeMs: numberOf(runtimeMs),
    read: ioRow(ios.slice(0, 4)),
    write: ioRow(ios.slice(4)),
  };
}

function ioRow([ios, bytes, bins, counts]: readonly DuckDBValue[]): IoRow {
  return { ios: numberOf(ios), bytes: numberOf(bytes), bins: numbersOf(bins), counts: numbersOf(counts) };
}

function cpuRow([agent, tick, tNs, core, ...times]: readonly DuckDBValue[]): CpuRow {
  const [user = 0, system = 0, irq = 0, softirq = 0, steal = 0, idle = 0, iowait = 0] = times.map(numberOf);
  const spent = { user, system, irq, softirq, steal, idle, iowait };
  return { agent: textOf(agent), tick: numberOf(tick), tNs: bigintOf(tNs), core: numberOf(core), ...spent };
}

function diskRow([participant, agent, tick, tNs, ...counters]: readonly DuckDBValue[]): DiskRow {
  const [reads = 0, readBytes = 0, writes = 0, writtenBytes = 0, inFlight = 0, busyMs = 0] = counters.map(numberOf);
  const place = { participant: textOf(participant), agent: textOf(agent), tick: numberOf(tick), tNs: bigintOf(tNs) };
  return { ...place, reads, readBytes, writes, writtenBytes, inFlight, busyMs };
}

function textOf(value: DuckDBValue | undefined): string {
  if (typeof value === "string") return value;
  throw new TypeError(`a text was expected, not ${String(value)}`);
}

/** Counters of 64 bits become plain numbers: exact to 2^53, nine petabytes in one interval. */
function numberOf(value: DuckDBValue | undefined): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  throw new TypeError(`a number was expected, not ${String(value)}`);
}

function bigintOf(value: DuckDBValue | undefined): bigint {
  if (typeof value === "bigint") return value;
  throw new TypeError(`a 64-bit number was expected, not ${String(value)}`);
}

function numbersOf(value: DuckDBValue | undefined): readonly number[] {
  if (value instanceof DuckDBListValue) return value.items.map(numberOf);
  throw new TypeError(`a list was expected, not ${String(value)}`);
}
