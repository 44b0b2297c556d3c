import type { Manifest } from "@salvo/proto/run_pb.ts";
import { type IoRow, type SampleRow, tickInWindow } from "./run.ts";

/** So many histograms of one participant are kept; a page shows a tenth of them. */
const HISTOGRAMS_MAX = 4000;
/** Tenfold any of these is a multiple of it that the report's own merging uses: see charts/percentiles.ts. */
const MERGES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/**
 * Samples in the order they came, ascending by tick; of a run with more ticks than a page can show, the histograms of
 * neighbouring ticks stand merged in the last row of them, and the rows before it have none. No merge reaches across the
 * window's ends, so that all sums stay exact. Counters stay with their ticks.
 */
export async function* thinLatencies(rows: AsyncIterable<SampleRow>, manifest: Manifest): AsyncGenerator<SampleRow> {
  const merge = mergeOf(manifest);
  const waiting = new Map<string, { readonly group: string; readonly rows: SampleRow[] }>();
  for await (const row of rows) {
    if (merge === 1) {
      yield row;
      continue;
    }
    const group = `${Math.floor((row.tick - 1) / merge)} ${tickInWindow(manifest, row.tick)}`;
    const before = waiting.get(row.participant);
    if (before?.group === group) before.rows.push(row);
    else {
      if (before) yield* mergedIntoLast(before.rows);
      waiting.set(row.participant, { group, rows: [row] });
    }
  }
  for (const { rows } of waiting.values()) yield* mergedIntoLast(rows);
}

function mergeOf({ spec }: Manifest): number {
  const ticks = ((spec?.workload?.rampMs ?? 0) + (spec?.workload?.durationMs ?? 0)) / (spec?.intervalMs || 1000);
  return MERGES.find((merge) => ticks / merge <= HISTOGRAMS_MAX) ?? 10_000;
}

function mergedIntoLast(rows: readonly SampleRow[]): SampleRow[] {
  const read = merged(rows.map(({ read }) => read));
  const write = merged(rows.map(({ write }) => write));
  const none = { bins: [], counts: [] };
  return rows.map((row, index) =>
    index === rows.length - 1
      ? { ...row, read: { ...row.read, ...read }, write: { ...row.write, ...write } }
      : { ...row, read: { ...row.read, ...none }, write: { ...row.write, ...none } },
  );
}

function merged(ios: readonly IoRow[]): Pick<IoRow, "bins" | "counts"> {
  const counts = new Map<number, number>();
  for (const io of ios) {
    for (const [index, bin] of Array.from(io.bins).entries())
      counts.set(bin, (counts.get(bin) ?? 0) + (io.counts[index] ?? 0));
  }
  return { bins: [...counts.keys()], counts: [...counts.values()] };
}
