import { join } from "node:path";
import { DuckDBInstance, StatementType, type DuckDBConnection, type JS } from "@duckdb/node-api";
import type { DirectionTotals, Manifest } from "@salvo/proto/run_pb.ts";
import { FILES_AT_ONCE, mapAtOnce } from "@salvo/shared/kernel/at-once.ts";
import { SalvoError } from "@salvo/shared/kernel/error.ts";
import { checkSizes } from "./checksums.ts";
import { loadManifest, summaryOf } from "./manifest.ts";
import { PARQUET_NAMES, parquetFile, selectAll } from "./parquet.ts";
import { newestFolders } from "./runs.ts";

export interface Rows {
  readonly columns: readonly string[];
  /** By column name; 64-bit integers are bigints. */
  readonly rows: readonly Readonly<Record<string, JS>>[];
}

/**
 * Asks SQL of all sealed runs at once: the tables `samples`, `cpu`, `disk` and `net` (see parquet.ts) and `runs`, a row per run.
 * Only a single SELECT is taken. Throws `invalid-input` with DuckDB's own words, `refused` for other statements, `corrupt`
 * when a manifest is damaged, or a file is missing or of another length: a question must not read all bytes of all runs.
 */
export async function queryRuns(dataDir: string, sql: string): Promise<Rows> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const folders = [...(await newestFolders(dataDir)).values()].sort();
    const manifests = await mapAtOnce(folders, FILES_AT_ONCE, loadManifest);
    for (const [index, { files }] of manifests.entries()) await checkSizes(folders[index] ?? "", files);
    await createViews(connection, folders, manifests);
    await createRuns(connection, manifests);
    const reader = await askSelect(connection, sql);
    return { columns: reader.columnNames(), rows: reader.getRowObjectsJS() };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

async function askSelect(connection: DuckDBConnection, sql: string) {
  try {
    const statements = await connection.extractStatements(sql);
    const statement = statements.count === 1 ? await statements.prepare(0) : undefined;
    if (statement?.statementType === StatementType.SELECT) return await statement.runAndReadAll();
  } catch (error) {
    throw new SalvoError(
      "invalid-input",
      `the query failed: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  }
  throw new SalvoError("refused", "only a single SELECT can be asked of the archive", {
    remedy: "To change or export data, open the Parquet files with DuckDB itself",
  });
}

/** Archives of before a file was thought of are without it. */
async function createViews(
  connection: DuckDBConnection,
  folders: readonly string[],
  manifests: readonly Manifest[],
): Promise<void> {
  for (const name of PARQUET_NAMES) {
    const file = parquetFile(name);
    const having = folders.filter((_, index) => manifests[index]?.files.some(({ path }) => path === file));
    const rows = selectAll(
      name,
      having.map((folder) => join(folder, file)),
    );
    await connection.run(`CREATE VIEW ${name} AS ${rows}`);
  }
}

const RUN_COLUMNS = `
  run VARCHAR, study VARCHAR, scenario VARCHAR, workload VARCHAR, repeat UINTEGER, verdict VARCHAR, reason VARCHAR,
  participants UINTEGER, t0_ns BIGINT, start_spread_p50_ms DOUBLE, start_spread_p95_ms DOUBLE, start_spread_max_ms DOUBLE,
  clock_bound_us DOUBLE, window_start_ns BIGINT, window_end_ns BIGINT, iops DOUBLE, mib_per_sec DOUBLE, p50_us DOUBLE,
  p99_us DOUBLE, p999_us DOUBLE, samples_expected UINTEGER, samples_received UINTEGER, samples_backfilled UINTEGER,
  samples_missing UINTEGER, archive VARCHAR, max_us DOUBLE, stalled_seconds DOUBLE, start_bound_us DOUBLE,
  warnings VARCHAR, content VARCHAR, mean_us DOUBLE, stddev_us DOUBLE, p95_us DOUBLE, p9999_us DOUBLE,
  read_iops DOUBLE, read_mib_per_sec DOUBLE, read_mean_us DOUBLE, read_p50_us DOUBLE, read_p95_us DOUBLE, read_p99_us DOUBLE,
  read_p999_us DOUBLE, read_p9999_us DOUBLE, read_max_us DOUBLE,
  write_iops DOUBLE, write_mib_per_sec DOUBLE, write_mean_us DOUBLE, write_p50_us DOUBLE, write_p95_us DOUBLE, write_p99_us DOUBLE,
  write_p999_us DOUBLE, write_p9999_us DOUBLE, write_max_us DOUBLE,
  guest_core_s_per_100k DOUBLE, target_core_s_per_100k DOUBLE, hypervisor_core_s_per_100k DOUBLE,
  findings VARCHAR, pattern VARCHAR, block_size UBIGINT, jobs UINTEGER, queue_depth UINTEGER,
  read_percent UINTEGER, rate_iops_per_job UINTEGER, luns UINTEGER, sessions UINTEGER, lun_queue_depth UINTEGER,
  attach VARCHAR, disk VARCHAR,
  block_size_mix VARCHAR, distribution VARCHAR, rate_per_job_bytes UBIGINT, fsync_every UINTEGER, fdatasync_every UINTEGER,
  think_time_ms UINTEGER, compressible_percent UINTEGER`;

async function createRuns(connection: DuckDBConnection, manifests: readonly Manifest[]): Promise<void> {
  await connection.run(`CREATE TABLE runs (${RUN_COLUMNS})`);
  for (const manifest of manifests) {
    const { startSpreadMs, window, totals, samples, settings, ...summary } = summaryOf(manifest);
    const row = [
      summary.run,
      summary.study,
      summary.scenario,
      summary.workload,
      summary.repeat,
      summary.verdict,
      summary.reason,
      summary.participants,
      manifest.t0WallNs,
      startSpreadMs?.p50,
      startSpreadMs?.p95,
      startSpreadMs?.max,
      summary.clockBoundUs,
      window?.startNs,
      window?.endNs,
      totals?.iops,
      totals?.mibPerSec,
      totals?.latencyUs?.p50,
      totals?.latencyUs?.p99,
      totals?.latencyUs?.p999,
      samples?.expected,
      samples?.received,
      samples?.backfilled,
      samples?.missing,
      summary.archive,
      totals?.latencyUs?.max,
      totals?.stalledSeconds,
      summary.startBoundUs,
      summary.warnings.join("\n"),
      summary.content,
      totals?.latencyUs?.mean,
      totals?.latencyUs?.stddev,
      totals?.latencyUs?.p95,
      totals?.latencyUs?.p9999,
      ...directionValues(totals?.read),
      ...directionValues(totals?.write),
      summary.cpuCost?.guests,
      summary.cpuCost?.targets,
      summary.cpuCost?.hypervisors,
      summary.findings.map(({ sentence }) => sentence).join("\n"),
      settings?.pattern,
      settings?.blockSizeBytes,
      settings?.jobs,
      settings?.queueDepth,
      settings?.readPercent,
      settings?.rateIopsPerJob,
      settings?.luns,
      settings?.sessions,
      settings?.lunQueueDepth,
      settings?.attach,
      settings?.disk,
      settings?.blockSizeMix,
      settings?.distribution,
      settings?.ratePerJobBytes,
      settings?.fsyncEvery,
      settings?.fdatasyncEvery,
      settings?.thinkTimeMs,
      settings?.compressiblePercent,
    ].map((value) => value ?? null);
    await connection.run(`INSERT INTO runs VALUES (${row.map((_, index) => `$${index + 1}`).join(", ")})`, row);
  }
}

/** In the order of their columns. */
function directionValues(totals: DirectionTotals | undefined): readonly (number | undefined)[] {
  const latency = totals?.latencyUs;
  return [
    totals?.iops,
    totals?.mibPerSec,
    latency?.mean,
    latency?.p50,
    latency?.p95,
    latency?.p99,
    latency?.p999,
    latency?.p9999,
    latency?.max,
  ];
}
