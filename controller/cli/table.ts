import type { RunSummary } from "@salvo/proto/run_pb.ts";

/** Columns of text, as wide as their widest cell; numbers to the right. Ends with a newline. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    widths
      .map((width, column) =>
        right.has(column) ? (cells[column] ?? "").padStart(width) : (cells[column] ?? "").padEnd(width),
      )
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line), ""].join("\n");
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
    "spread ms",
    "clock us",
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
        figure(run.startSpreadMs?.max, 2),
        run.startSpreadMs ? figure(run.clockBoundUs, 0) : "-",
      ];
    }),
    new Set([2, 4, 5, 6, 7, 8, 9, 10]),
  );
}

function figure(value: number | undefined, digits: number): string {
  return value === undefined
    ? "-"
    : value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
