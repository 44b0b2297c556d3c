import type { RunSummary } from "@salvo/proto/run_pb.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { terminalLine } from "@salvo/shared/kernel/terminal-text.ts";

/** No column is cut to less. */
const CELL_WIDTH_MIN = 8;

/**
 * Columns of text, as wide as their widest cell; numbers to the right. Ends with a newline. With `widthMax` the widest columns
 * are cut, and cells with them, which then end in "…". A cell that others wrote can neither end a line nor shift a column.
 */
export function textTable(
  head: readonly string[],
  texts: readonly (readonly string[])[],
  { right = new Set(), widthMax = Infinity }: TableShape = {},
): string {
  const rows = texts.map((row) => row.map(terminalLine));
  const whole = head.map((title, column) =>
    greatest(
      rows.map((row) => row[column]?.length ?? 0),
      title.length,
    ),
  );
  const widths = fitted(whole, widthMax - GAP.length * (whole.length - 1));
  const line = (cells: readonly string[]) =>
    widths
      .map((width, column) =>
        right.has(column) ? cut(cells[column], width).padStart(width) : cut(cells[column], width).padEnd(width),
      )
      .join(GAP)
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ""].join("\n");
}

export interface TableShape {
  /** Columns of numbers. */
  readonly right?: ReadonlySet<number>;
  readonly widthMax?: number;
}

const GAP = "  ";

/** The narrow columns keep their width; the others share what is left. */
function fitted(widths: readonly number[], room: number): readonly number[] {
  const ascending = widths.toSorted((a, b) => a - b);
  let left = room;
  for (const [index, width] of ascending.entries()) {
    const share = Math.floor(left / (ascending.length - index));
    if (width > share) return widths.map((each) => Math.min(each, Math.max(share, CELL_WIDTH_MIN)));
    left -= width;
  }
  return widths;
}

function cut(cell = "", width: number): string {
  return cell.length <= width ? cell : `${cell.slice(0, width - 1)}…`;
}

export function runTable(runs: readonly RunSummary[]): string {
  const head = [
    "run",
    "scenario/workload",
    "repeat",
    "verdict",
    "IOPS",
    "MiB/s",
    "p50 us",
    "p99 us",
    "p99.9 us",
    "max us",
    "spread ms",
    "± ms",
    "warnings",
  ];
  return textTable(
    head,
    runs.map((run) => {
      const latency = run.totals?.latencyUs;
      return [
        run.run,
        `${run.scenario}/${run.workload}`,
        String(run.repeat),
        run.verdict,
        figure(run.totals?.iops, 0),
        figure(run.totals?.mibPerSec, 1),
        figure(latency?.p50, 0),
        figure(latency?.p99, 0),
        figure(latency?.p999, 0),
        figure(latency?.max, 0),
        figure(run.startSpreadMs?.max, 2),
        run.startSpreadMs ? figure(run.startBoundUs / 1000, 2) : "-",
        run.warnings.length > 0 ? String(run.warnings.length) : "-",
      ];
    }),
    { right: new Set([2, 4, 5, 6, 7, 8, 9, 10, 11, 12]) },
  );
}

export function figure(value: number | undefined, digits: number): string {
  return value === undefined
    ? "-"
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
