/** The columns of an archive's Parquet files, and how to read files of any age as if they had all of them. */
import type { ColumnType } from "./columns.ts";
import { quote } from "./sql.ts";

/**
 * In order. A row tells what was between the tick before and `tick`, which is T0 + tick x interval; t_ns is the controller's
 * wall clock when it was taken, ns since 1970, and counted_ns the instant that the counts are of (t_ns of a stalled sample,
 * which has none). Bins are fio's, by number. Of cpu, disk and net the counts are of the time from since_ns to t_ns; a row that
 * is a gap has NULL for every count (`counts`), as the source had no reading. A disk "lio:NAME" is a volume that a target exports:
 * it has commands and bytes, and NULL for what LIO does not tell; other disks have NULL for commands.
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
    counts: [],
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
      since_ns: "BIGINT",
      gap: "BOOLEAN",
    },
    counts: ["core", "since_ns", "user_ms", "system_ms", "irq_ms", "softirq_ms", "steal_ms", "idle_ms", "iowait_ms"],
  },
  /** participant is empty for a disk of an observer. */
  disk: {
    texts: ["run", "participant", "agent", "disk"],
    numbers: {
      tick: "UINTEGER",
      t_ns: "BIGINT",
      reads: "UINTEGER",
      read_bytes: "UBIGINT",
      writes: "UINTEGER",
      written_bytes: "UBIGINT",
      in_flight: "UINTEGER",
      busy_ms: "UINTEGER",
      read_ms: "UBIGINT",
      write_ms: "UBIGINT",
      queue_ms: "UBIGINT",
      since_ns: "BIGINT",
      gap: "BOOLEAN",
      commands: "UINTEGER",
    },
    counts: [
      "reads",
      "read_bytes",
      "writes",
      "written_bytes",
      "in_flight",
      "busy_ms",
      "read_ms",
      "write_ms",
      "queue_ms",
      "since_ns",
      "commands",
    ],
  },
  net: {
    texts: ["run", "agent", "nic"],
    numbers: {
      tick: "UINTEGER",
      t_ns: "BIGINT",
      since_ns: "BIGINT",
      received_bytes: "UBIGINT",
      sent_bytes: "UBIGINT",
      received_packets: "UBIGINT",
      sent_packets: "UBIGINT",
      drops: "UBIGINT",
      errors: "UBIGINT",
      gap: "BOOLEAN",
    },
    counts: ["since_ns", "received_bytes", "sent_bytes", "received_packets", "sent_packets", "drops", "errors"],
  },
} as const satisfies Readonly<Record<string, FileColumns>>;

export interface FileColumns {
  readonly texts: readonly string[];
  readonly numbers: Readonly<Record<string, ColumnType>>;
  /** NULL in a gap. */
  readonly counts: readonly string[];
}

/** Of a disk by this beginning of its name, a target's volume, these are not known; of others the commands are not. */
export const VOLUME_PREFIX = "lio:";
export const UNKNOWN_OF_VOLUMES: readonly string[] = [
  "reads",
  "writes",
  "in_flight",
  "busy_ms",
  "read_ms",
  "write_ms",
  "queue_ms",
];

export type ParquetName = keyof typeof PARQUET;
export const PARQUET_NAMES: readonly ParquetName[] = ["samples", "cpu", "disk", "net"];

export const parquetFile = (name: ParquetName): string => `${name}.parquet`;

/**
 * A SELECT of all rows of files of one kind, with all columns: one that an older archive does not have is NULL there, and a row
 * that says nothing of it is no gap.
 */
export function selectAll(name: ParquetName, files: readonly string[]): string {
  const { texts, numbers } = PARQUET[name];
  const columns = [...texts.map((column) => [column, "VARCHAR"]), ...Object.entries(numbers)];
  const typed = columns.map(([column, type]) => `NULL::${type} AS ${column}`).join(", ");
  const none = `SELECT ${typed} WHERE false`;
  const read = `SELECT * FROM read_parquet([${files.map(quote).join(", ")}], union_by_name = true)`;
  const rows = files.length > 0 ? `${none} UNION ALL BY NAME ${read}` : none;
  return "gap" in numbers ? `SELECT * REPLACE (coalesce(gap, false) AS gap) FROM (${rows})` : rows;
}
