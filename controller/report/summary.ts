import type { RunSummary } from "@salvo/proto/run_pb.ts";
import { html, type Html } from "./html.ts";
import { pooledLatency } from "./latency.ts";
import type { ReportRun } from "./run.ts";
import { absent, percentileCell } from "./tables/table.ts";
import { verdictBadge } from "./tables/verdict.ts";
import { formatCount, formatMicros, formatPercent } from "./units.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";

/** A run and the address of its section in the page. */
export interface PlacedRun {
  readonly run: ReportRun;
  readonly anchor: string;
}

/** Why a figure is not there. */
export const NO_WINDOW = "The run has no window, so it has no totals.";
export const NOBODY_STARTED = "No participant did its first I/O.";
export const NOT_COUNTED = "The run's samples were not counted.";

/** One line for each run; the repeats of a workload in a scenario stand together, and have a line for the complete ones. */
export function summaryTable(runs: readonly PlacedRun[]): Html {
  const groups = Map.groupBy(runs, ({ run }) => JSON.stringify([summaryOf(run)?.workload, summaryOf(run)?.scenario]));
  const mostOf = mostIopsByWorkload(runs);
  const bodies = [...groups.values()].map(
    (group) =>
      html`<tbody>
        ${groupHead(group)}${group.map((placed) => runRow(placed, mostOf))}${togetherRow(group)}
      </tbody> `,
  );
  return html`<div class="table" role="region" aria-label="Summary of all runs" tabindex="0">
    <table class="summary">
      <caption class="hidden">
        Summary of all runs, by workload and scenario
      </caption>
      <thead>
        <tr>
          <th scope="col">Run and verdict</th>
          <th scope="col" class="figure">IOPS</th>
          <th scope="col" class="figure">MiB/s</th>
          <th scope="col" class="figure">p50</th>
          <th scope="col" class="figure">p99</th>
          <th scope="col" class="figure">p99.9</th>
          <th
            scope="col"
            class="figure"
            title="How far the last participant's first I/O lies behind the earliest, ± the worst bound of the clocks"
          >
            Start spread<br />± clock bound
          </th>
          <th
            scope="col"
            class="figure"
            title="Received while the run went on; backfilled: asked of the agents afterwards"
          >
            Samples expected / received<br />/ backfilled / missing
          </th>
        </tr>
      </thead>
      ${bodies}
    </table>
  </div> `;
}

function groupHead(group: readonly PlacedRun[]): Html {
  const first = summaryOf(group[0]?.run);
  return html`<tr class="group">
    <th scope="rowgroup" colspan="8">
      <strong>${first?.workload}</strong> <span class="muted">in</span> <strong>${first?.scenario}</strong>
    </th>
  </tr> `;
}

/**
 * Of several repeats: their mean, how far they lie apart, and the percentiles of all their I/Os together. Of the complete
 * ones alone: a run that lost a participant or was stopped measured something else.
 */
function togetherRow(group: readonly PlacedRun[]): Html | undefined {
  const complete = group.map(({ run }) => run).filter((run) => summaryOf(run)?.verdict === "complete");
  const totals = complete.map((run) => summaryOf(run)?.totals).filter((each) => each !== undefined);
  if (totals.length < 2) return undefined;
  const mean = totals.reduce((sum, { iops }) => sum + iops, 0) / totals.length;
  const mib = totals.reduce((sum, { mibPerSec }) => sum + mibPerSec, 0) / totals.length;
  const apart = mean > 0 ? greatest(totals.map(({ iops }) => Math.abs(iops - mean))) / mean : 0;
  const pooled = pooledLatency(complete);
  const left = group.length - complete.length;
  return html`<tr>
    <th scope="row">${left === 0 ? html`all ${totals.length} together` : html`${totals.length} complete together`}</th>
    <td class="figure" title="Mean of the repeats, and how far the farthest lies from it">
      ${formatCount(mean)} <span class="muted">± ${formatPercent(apart)}</span>
    </td>
    <td class="figure">${formatCount(mib)}</td>
    <td class="figure">${percentileCell(pooled.p50, "p50")}</td>
    <td class="figure">${percentileCell(pooled.p99, "p99")}</td>
    <td class="figure">${percentileCell(pooled.p999, "p999")}</td>
    <td colspan="2" class="muted">
      mean throughput; percentiles of all I/Os pooled${left === 0 ? "" : `; ${left} not complete, left out`}
    </td>
  </tr> `;
}

function runRow({ run, anchor }: PlacedRun, mostOf: ReadonlyMap<string, number>): Html {
  const summary = summaryOf(run);
  const totals = summary?.totals;
  const most = mostOf.get(summary?.workload ?? "") ?? 0;
  const none = absent(NO_WINDOW);
  return html`<tr>
    <th scope="row">
      <a href="#${anchor}" title="${summary?.run}">repeat ${summary?.repeat}</a> ${verdictBadge(summary?.verdict ?? "")}
      ${summary?.verdict === "complete" ? undefined : html`<div class="reason">${summary?.reason}</div>`}
    </th>
    <td class="figure">${totals ? html`${formatCount(totals.iops)}${bar(totals.iops, most)}` : none}</td>
    <td class="figure">${totals ? html`${formatCount(totals.mibPerSec)}` : none}</td>
    <td class="figure">${percentileCell(totals?.latencyUs?.p50, "p50")}</td>
    <td class="figure">${percentileCell(totals?.latencyUs?.p99, "p99")}</td>
    <td class="figure">${percentileCell(totals?.latencyUs?.p999, "p999")}</td>
    <td class="figure">${spreadText(summary)}</td>
    <td class="figure">${samplesText(summary)}</td>
  </tr> `;
}

/** `0.82 ms ± 41 µs`, or a dash when nobody started. */
function spreadText(summary: RunSummary | undefined): Html {
  if (!summary?.startSpreadMs) return absent(NOBODY_STARTED);
  return html`${formatMicros(summary.startSpreadMs.max * 1000)}
    <span class="muted">± ${formatMicros(summary.clockBoundUs)}</span>`;
}

/** `160 / 158 / 2 / 0`; what is missing stands out. */
function samplesText(summary: RunSummary | undefined): Html {
  if (!summary?.samples) return absent(NOT_COUNTED);
  const { expected, received, backfilled, missing } = summary.samples;
  return html`${formatCount(expected)} / ${formatCount(received)} / ${formatCount(backfilled)} /
  ${missing > 0 ? html`<strong class="poor">${formatCount(missing)}</strong>` : "0"}`;
}

function summaryOf(run: ReportRun | undefined): RunSummary | undefined {
  return run?.manifest.summary;
}

/** How the runs of one workload compare, at a glance. */
function bar(iops: number, most: number): Html | undefined {
  return most > 0
    ? html`<span class="bar" aria-hidden="true"><i style="width:${((100 * iops) / most).toFixed(1)}%"></i></span>`
    : undefined;
}

function mostIopsByWorkload(runs: readonly PlacedRun[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const { run } of runs) {
    const { workload = "", totals } = summaryOf(run) ?? {};
    most.set(workload, Math.max(most.get(workload) ?? 0, totals?.iops ?? 0));
  }
  return most;
}
