import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance, DuckDBListValue, type DuckDBValue } from "@duckdb/node-api";
import type { Manifest } from "@salvo/proto/run_pb.ts";
import { toSalvoError } from "@salvo/shared/kernel/error.ts";
import { whyUnread } from "../store/duckdb-error.ts";
import { checkSums } from "../store/checksums.ts";
import { loadManifest } from "../store/manifest.ts";
import { type ParquetName, parquetFile, selectAll } from "../store/parquet.ts";
import type { CpuRow, DiskRow, IoRow, NicTotals, ObservedDisk, ReportRun, SampleRow } from "./run.ts";
import { thinLatencies } from "./thin.ts";

/**
 * Reads a sealed run's folder and checks what it reads against its checksums. Briefly: no more than latencies. Throws `not-found` when it is none,
 * `corrupt` when it is damaged, `invalid-input` when a newer Salvo wrote it.
 */
export async function loadReportRun(archiveFolder: string, { briefly = false } = {}): Promise<ReportRun> {
  await stat(archiveFolder).catch((error: unknown) => {
    throw toSalvoError(error, { file: archiveFolder, remedy: "Name the folder of a sealed run" });
  });
  const manifest = await loadManifest(archiveFolder);
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    try {
      // Archives of before a file was thought of are without it.
      const has = (name: ParquetName) => manifest.files.some(({ path }) => path === parquetFile(name));
      const rows = <Row>(name: ParquetName, query: string, rowOf: (values: readonly DuckDBValue[]) => Row) =>
        readRows(connection, archiveFolder, name, query, rowOf);
      const window = windowCondition(manifest);
      return {
        manifest,
        samples: await Array.fromAsync(thinLatencies(rows("samples", SAMPLES, sampleRow), manifest)),
        ...(briefly ? NOTHING_ELSE : await loadOthers(rows, has, window)),
      };
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

const NOTHING_ELSE = { cpu: [], disk: [], observedDisks: [], nics: [] } as const;

type ReadAs = <Row>(
  name: ParquetName,
  query: string,
  rowOf: (values: readonly DuckDBValue[]) => Row,
) => AsyncGenerator<Row>;

async function loadOthers(rows: ReadAs, has: (name: ParquetName) => boolean, window: string) {
  return {
    cpu: await Array.fromAsync(rows("cpu", CPU, cpuRow)),
    disk: await Array.fromAsync(rows("disk", DISK, diskRow)),
    observedDisks: await Array.fromAsync(rows("disk", OBSERVED_DISKS(window), observedDisk)),
    nics: has("net") ? await Array.fromAsync(rows("net", NICS(window), nicTotals)) : [],
  };
}

/**
 * A day has 86 400 ticks of many cores: more than a page can show, and as rows more than memory has. Neighbouring ticks
 * of a core are summed until 1500 are left, which shares of time bear well.
 */
const CPU = `
  SELECT agent, max(tick), max(t_ns), core, sum(user_ms), sum(system_ms), sum(irq_ms), sum(softirq_ms), sum(steal_ms),
    sum(idle_ms), sum(iowait_ms)
  FROM source WHERE NOT gap GROUP BY agent, core, (tick - 1) // (SELECT greatest(1, ceil(max(tick) / 1500.0))::INTEGER FROM source)
  ORDER BY 2, agent, core`;
const SAMPLES = `
  SELECT participant, agent, device, tick, t_ns, coalesce(counted_ns, t_ns), stalled, runtime_ms, read_ios, read_bytes, read_bins, read_counts,
    write_ios, write_bytes, write_bins, write_counts
  FROM source ORDER BY tick, participant`;
const DISK = `
  SELECT participant, agent, tick, t_ns, reads, read_bytes, writes, written_bytes, in_flight, busy_ms
  FROM source WHERE participant <> '' AND NOT gap ORDER BY tick, participant`;
/** Sums, as a day of many disks is more than memory has, and a table shows no more. An older archive has none of these. */
const SECONDS = "sum(t_ns - since_ns) / 1e9";
const OBSERVED_DISKS = (window: string) => `
  SELECT agent, disk, ${SECONDS}, sum(coalesce(reads + writes, commands)), sum(read_bytes), sum(written_bytes), sum(busy_ms),
    sum(queue_ms)
  FROM source WHERE participant = '' AND NOT gap AND ${window} GROUP BY agent, disk ORDER BY agent, disk`;
const NICS = (window: string) => `
  SELECT agent, nic, ${SECONDS}, sum(received_bytes), sum(sent_bytes), sum(drops), sum(errors)
  FROM source WHERE NOT gap AND ${window} GROUP BY agent, nic ORDER BY agent, nic`;

function windowCondition({ summary }: Manifest): string {
  const window = summary?.window;
  return window ? `tick > ${window.firstTick} AND tick <= ${window.lastTick}` : "true";
}

async function* readRows<Row>(
  connection: DuckDBConnection,
  folder: string,
  name: ParquetName,
  query: string,
  rowOf: (values: readonly DuckDBValue[]) => Row,
): AsyncGenerator<Row> {
  await checkSums(folder, parquetFile(name));
  const file = join(folder, parquetFile(name));
  try {
    const source = `WITH source AS (${selectAll(name, [file])})`;
    for await (const rows of (await connection.stream(source + query)).yieldRows()) yield* rows.map(rowOf);
  } catch (error) {
    throw whyUnread(error, file);
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

function observedDisk([agent, disk, ...sums]: readonly DuckDBValue[]): ObservedDisk {
  const [seconds, ios, readBytes, writtenBytes, busyMs, queueMs] = sums.map(knownNumber);
  const counts = { seconds: seconds ?? 0, ios: ios ?? 0, readBytes: readBytes ?? 0, writtenBytes: writtenBytes ?? 0 };
  return { agent: textOf(agent), disk: textOf(disk), ...counts, busyMs, queueMs };
}

function knownNumber(value: DuckDBValue | undefined): number | undefined {
  return value === null ? undefined : numberOf(value);
}

function nicTotals([agent, nic, ...sums]: readonly DuckDBValue[]): NicTotals {
  const [seconds = 0, receivedBytes = 0, sentBytes = 0, drops = 0, errors = 0] = sums.map(numberOf);
  return { agent: textOf(agent), nic: textOf(nic), seconds, receivedBytes, sentBytes, drops, errors };
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
