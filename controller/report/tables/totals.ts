import type { DirectionTotals, Totals } from "@salvo/proto/run_pb.ts";
import { html, type Html } from "../html.ts";
import { formatCount, formatMicros } from "../units.ts";
import { absent, type Column, maxCell, percentileCell, renderTable } from "./table.ts";

/** What stands for one direction, or for both: a column for each cell of linesOf(). */
export const FIGURE_COLUMNS: readonly Column[] = [
  { title: "I/O" },
  { title: "IOPS", figure: true },
  { title: "MiB/s", figure: true },
  { title: "mean", figure: true },
  { title: "± sd", figure: true, hint: "The standard deviation of the latencies" },
  { title: "p50", figure: true },
  { title: "p95", figure: true },
  { title: "p99", figure: true },
  { title: "p99.9", figure: true },
  { title: "p99.99", figure: true },
  { title: "max", figure: true, hint: "No I/O in the window took longer" },
];

/** The run's totals, by direction. Undefined without any, and of archives of before directions were told apart. */
export function totalsTable(totals: Totals | undefined): Html | undefined {
  if (!totals?.read && !totals?.write) return undefined;
  return renderTable("All participants together, in the window", FIGURE_COLUMNS, linesOf(totals));
}

/** A line for each direction, and one for both before them where there are two. Archives of before directions were told apart have one. */
export function linesOf(totals: Totals | undefined): readonly (readonly Html[])[] {
  const { read, write } = totals ?? {};
  if (read && write) return [figureCells("both", totals), figureCells("read", read), figureCells("write", write)];
  return [figureCells(read ? "read" : write ? "write" : "–", totals)];
}

function figureCells(name: string, totals: Totals | DirectionTotals | undefined): readonly Html[] {
  const none = absent("This participant has no totals: it has no window.");
  const latency = totals?.latencyUs;
  return [
    html`${name}`,
    totals ? html`${formatCount(totals.iops)}` : none,
    totals ? html`${formatCount(totals.mibPerSec)}` : none,
    momentCell(latency?.mean),
    momentCell(latency?.stddev),
    percentileCell(latency?.p50, "p50"),
    percentileCell(latency?.p95, "p95"),
    percentileCell(latency?.p99, "p99"),
    percentileCell(latency?.p999, "p999"),
    percentileCell(latency?.p9999, "p9999"),
    maxCell(latency?.max),
  ];
}

function momentCell(us: number | undefined): Html {
  return us === undefined ? absent("Too few I/Os, or an archive from before it was told.") : html`${formatMicros(us)}`;
}
