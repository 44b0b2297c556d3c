import { unreachable } from "@salvo/shared/kernel/assert.ts";
import { csvRow } from "./csv.ts";
import { jsonText } from "./json.ts";
import {
  type Figures,
  figuresOf,
  isVolume,
  type IoFigures,
  type NicFigures,
  type TailRecord,
  textOf,
} from "./tail-figures.ts";
import { influxLines } from "./tail-influx.ts";

export type TailFormat = "json" | "csv" | "influx";

/** What comes before the first record, or undefined. */
export function tailHeader(format: TailFormat): string | undefined {
  return format === "csv" ? csvRow(CSV_COLUMNS) : undefined;
}

/** The record as lines without an end of line; none for a record of an unknown kind. */
export function tailLines(format: TailFormat, tail: TailRecord): readonly string[] {
  const figures = figuresOf(tail.record);
  if (!figures) return [];
  switch (format) {
    case "json":
      return [jsonLine(tail, figures)];
    case "csv":
      return [csvLine(tail, figures)];
    case "influx":
      return influxLines(tail, figures);
    default:
      return unreachable(format);
  }
}

function jsonLine({ run, agent, wallNs, record }: TailRecord, figures: Figures): string {
  return jsonText({ time: isoTime(wallNs), run, agent, seq: record.seq, ...figures });
}

/** One set of columns for all kinds, so that a mixed stream is one table; new ones are only ever added at the end. */
const CSV_COLUMNS = [
  "time",
  "run",
  "agent",
  "seq",
  "kind",
  "participant",
  "tick",
  "read_ios",
  "read_bytes",
  "read_p50_us",
  "read_p99_us",
  "write_ios",
  "write_bytes",
  "write_p50_us",
  "write_p99_us",
  "cpu_busy_percent",
  "disk_in_flight",
  "disk_busy_ms",
  "text",
  "disk",
  "disk_queue_ms",
  "net_received_bytes",
  "net_sent_bytes",
  "disk_commands",
] as const;

type CsvColumn = (typeof CSV_COLUMNS)[number];
type CsvCells = { readonly [column in CsvColumn]?: string | number | undefined };

function csvLine({ run, agent, wallNs, record }: TailRecord, figures: Figures): string {
  const cells: CsvCells = {
    time: isoTime(wallNs),
    run,
    agent,
    seq: record.seq,
    kind: figures.kind,
    ...("participant" in figures && { participant: figures.participant }),
    ...("tick" in figures && { tick: figures.tick }),
    ...(!isGap(figures) && countCells(figures)),
    text: textOf(figures),
  };
  return csvRow(CSV_COLUMNS.map((column) => cells[column]));
}

/** A gap has no counts, and 0 would be one. */
function isGap(figures: Figures): boolean {
  return "gap" in figures && figures.gap;
}

function countCells(figures: Figures): CsvCells {
  return {
    ...(figures.kind === "fio" && ioCells(figures.read, figures.write)),
    ...(figures.kind === "cpu" && { cpu_busy_percent: figures.busyPercent }),
    ...(figures.kind === "disk" && diskCells(figures)),
    ...(figures.kind === "net" && netCells(figures.nics)),
  };
}

/** Of a target's volume LIO counts commands and bytes alone. */
function diskCells(figures: Figures & { readonly kind: "disk" }): CsvCells {
  const { disk, read, write, inFlight, busyMs, queueMs, commands } = figures;
  if (isVolume(figures)) return { disk, read_bytes: read.bytes, write_bytes: write.bytes, disk_commands: commands };
  return { ...ioCells(read, write), disk, disk_in_flight: inFlight, disk_busy_ms: busyMs, disk_queue_ms: queueMs };
}

/** Of all interfaces together; the other formats have each. */
function netCells(nics: readonly NicFigures[]): CsvCells {
  return {
    net_received_bytes: nics.reduce((sum, { receivedBytes }) => sum + receivedBytes, 0),
    net_sent_bytes: nics.reduce((sum, { sentBytes }) => sum + sentBytes, 0),
  };
}

function ioCells(read: IoFigures, write: IoFigures): CsvCells {
  return {
    read_ios: read.ios,
    read_bytes: read.bytes,
    read_p50_us: read.p50Us,
    read_p99_us: read.p99Us,
    write_ios: write.ios,
    write_bytes: write.bytes,
    write_p50_us: write.p50Us,
    write_p99_us: write.p99Us,
  };
}

/** ISO 8601 in UTC, to the microsecond. */
function isoTime(wallNs: bigint): string {
  const micros = (wallNs / 1000n) % 1000n;
  return `${new Date(Number(wallNs / 1_000_000n)).toISOString().slice(0, -1)}${micros.toString().padStart(3, "0")}Z`;
}
