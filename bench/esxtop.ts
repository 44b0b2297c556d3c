import { openEsxtopReader } from "@salvo/agent-esxi/read/esxtop.ts";
import { type Findings, median } from "./figures.ts";
import type { BenchOptions } from "./options.ts";

const CHUNK_BYTES = 32 * 1024;
/** esxtop prints many counters of a device. Salvo uses some of these. */
const COUNTERS = [
  "Commands/sec",
  "Average Guest MilliSec/Command",
  "Average Driver MilliSec/Read",
  "Failed Commands/sec",
  "Failed Reads/sec",
  "Aborts/sec",
  "Resets/sec",
  "Conflicts/sec",
];

/** A header and a row of as many columns as a host with many VMs prints. */
export async function esxtop({ samples: columns, rounds, say }: BenchOptions): Promise<Findings> {
  const devices = Math.ceil((columns - 1) / COUNTERS.length);
  const headings = Array.from({ length: devices }, (_, at) =>
    COUNTERS.map((counter) => `\\\\esx1\\Physical Disk SCSI Device(naa.6001405${at})\\${counter}`),
  ).flat();
  const header = line(["(PDH-CSV 4.0) (UTC)(0)", ...headings]);
  const row = line(["05/15/2017 06:49:37", ...headings.map((_, at) => (at / 7).toFixed(2))]);
  const took: { readonly header: number; readonly row: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    const reader = openEsxtopReader();
    const headerMs = time(() => feed(reader, header));
    const rowMs = time(() => feed(reader, row));
    took.push({ header: headerMs, row: rowMs });
  }
  say(`${rounds} rounds`);
  const [headers, rows] = [took.map((each) => each.header), took.map((each) => each.row)];
  const worst = (values: readonly number[]) => values.reduce((most, each) => Math.max(most, each));
  const aim = (what: string, values: readonly number[], limitMs: number) => ({
    what,
    aim: `< ${limitMs} ms`,
    measured: `${median(values).toFixed(1)} ms`,
    met: median(values) < limitMs,
  });
  return {
    tables: [
      {
        title: `Reading ${headings.length + 1} columns, ms (${rounds} rounds)`,
        columns: ["", "median", "most", "KiB"],
        rows: [
          ["header", median(headers), worst(headers), header.length / 1024],
          ["row", median(rows), worst(rows), row.length / 1024],
        ],
      },
    ],
    aims: [aim("the header", headers, 200), aim("a row", rows, 20)],
    notes: [],
  };
}

function line(cells: readonly string[]): Buffer {
  return Buffer.from(`${cells.map((cell) => `"${cell}"`).join(",")}\n`);
}

function feed(reader: ReturnType<typeof openEsxtopReader>, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) reader.read(bytes.subarray(at, at + CHUNK_BYTES));
}

function time(act: () => void): number {
  const began = performance.now();
  act();
  return performance.now() - began;
}
