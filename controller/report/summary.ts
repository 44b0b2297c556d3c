import type { Manifest, RunSummary, Totals } from "@salvo/proto/run_pb.ts";
import { Histogram } from "@salvo/shared/fio/latency.ts";
import { greatest } from "@salvo/shared/kernel/extremes.ts";
import { percentilesOf } from "../analysis/percentiles.ts";
import { html, type Html } from "./html.ts";
import type { PlacedRun } from "./placed.ts";
import { absent, maxCell, percentileCell } from "./tables/table.ts";
import { verdictBadge } from "./tables/verdict.ts";
import { formatCount, formatDuration, formatMicros, formatPercent } from "./units.ts";

/** Why a figure is not there. */
export const NO_WINDOW = "The run has no window, so it has no totals.";
export const NOBODY_STARTED = "No participant did its first I/O.";
export const NOT_COUNTED = "The run's samples were not counted.";

/**
 * One line for each run; the repeats of a workload in a scenario stand together, and have a line for the complete ones. pooled: by
 * content, all I/Os in the windows of the complete runs.
 */
export function summaryTable(runs: readonly PlacedRun[], pooled: ReadonlyMap<string, Histogram>): Html {
  const groups = Map.groupBy(runs, ({ content }) => content);
  const mostOf = mostIopsByWorkload(runs);
  const bodies = [...groups.values()].map(
    (group) =>
      html`<tbody>
        ${groupHead(group)}${group.map((placed) => runRow(placed, mostOf))}${togetherRow(group, pooled)}
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
          <th scope="col" class="figure" title="No I/O in the window took longer">max</th>
          <th
            scope="col"
            class="figure"
            title="How far the last participant's first I/O lies behind the earliest, ± what the widest proof of a start leaves open"
          >
            Start spread<br />± its own bound
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
  const [first] = group;
  return html`<tr class="group">
    <th scope="rowgroup" colspan="9">
      <strong>${first?.workload}</strong> <span class="muted">in</span> <strong>${first?.scenario}</strong>
    </th>
  </tr> `;
}

/**
 * Of several repeats: their mean, how far they lie apart, and the percentiles of all their I/Os together. Of the complete
 * ones alone: a run that lost a participant or was stopped measured something else.
 */
function togetherRow(group: readonly PlacedRun[], pools: ReadonlyMap<string, Histogram>): Html | undefined {
  const complete = group.map(({ manifest }) => manifest).filter(isComplete);
  const totals = complete.map(({ summary }) => summary?.totals).filter((each) => each !== undefined);
  if (totals.length < 2) return undefined;
  const mean = totals.reduce((sum, { iops }) => sum + iops, 0) / totals.length;
  const mib = totals.reduce((sum, { mibPerSec }) => sum + mibPerSec, 0) / totals.length;
  const apart = mean > 0 ? greatest(totals.map(({ iops }) => Math.abs(iops - mean))) / mean : 0;
  const pooled = percentilesOf(pools.get(group[0]?.content ?? "") ?? new Histogram());
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
    <td class="figure">${maxCell(greatest(totals.map(({ latencyUs }) => latencyUs?.max ?? 0)) || undefined)}</td>
    <td colspan="2" class="muted">
      mean throughput; percentiles of all I/Os pooled${left === 0 ? "" : `; ${left} not complete, left out`}
    </td>
  </tr> `;
}

function runRow(
  { manifest: { summary }, anchor, repeat, workloadContent }: PlacedRun,
  mostOf: ReadonlyMap<string, number>,
): Html {
  const totals = summary?.totals;
  const most = mostOf.get(workloadContent) ?? 0;
  const none = absent(NO_WINDOW);
  return html`<tr>
    <th scope="row">
      <a href="#${anchor}" title="${summary?.run}">${repeat}</a> ${verdictBadge(summary?.verdict ?? "")}
      ${summary?.verdict === "complete" ? undefined : html`<div class="reason">${summary?.reason}</div>`}
    </th>
    <td class="figure">${totals ? html`${formatCount(totals.iops)}${bar(totals.iops, most)}` : none}</td>
    <td class="figure">${totals ? html`${formatCount(totals.mibPerSec)}` : none}</td>
    <td class="figure">${percentileCell(totals?.latencyUs?.p50, "p50")}</td>
    <td class="figure">${percentileCell(totals?.latencyUs?.p99, "p99")}</td>
    <td class="figure">${percentileCell(totals?.latencyUs?.p999, "p999")}</td>
    <td class="figure">${maxCell(totals?.latencyUs?.max)}${totals && stallText(totals)}</td>
    <td class="figure">${spreadText(summary)}</td>
    <td class="figure">${samplesText(summary)}</td>
  </tr> `;
}

/** A stall is part of the figures beside it. */
function stallText({ stalledSeconds }: Totals): Html | undefined {
  if (stalledSeconds === 0) return undefined;
  return html`<div class="poor">stall of ${formatDuration(Math.round(stalledSeconds * 10) * 100)}</div>`;
}

/** `0.82 ms ± 90 µs`, or a dash when nobody started. */
function spreadText(summary: RunSummary | undefined): Html {
  if (!summary?.startSpreadMs) return absent(NOBODY_STARTED);
  return html`${formatMicros(summary.startSpreadMs.max * 1000)}
    <span class="muted">± ${formatMicros(summary.startBoundUs)}</span>`;
}

/** `160 / 158 / 2 / 0`; what is missing stands out. */
function samplesText(summary: RunSummary | undefined): Html {
  if (!summary?.samples) return absent(NOT_COUNTED);
  const { expected, received, backfilled, missing } = summary.samples;
  return html`${formatCount(expected)} / ${formatCount(received)} / ${formatCount(backfilled)} /
  ${missing > 0 ? html`<strong class="poor">${formatCount(missing)}</strong>` : "0"}`;
}

/** Of the others none is pooled. */
export function isComplete({ summary }: Manifest): boolean {
  return summary?.verdict === "complete";
}

/** How the runs of one workload compare, at a glance. */
function bar(iops: number, most: number): Html | undefined {
  return most > 0
    ? html`<span class="bar" aria-hidden="true"><i style="width:${((100 * iops) / most).toFixed(1)}%"></i></span>`
    : undefined;
}

function mostIopsByWorkload(runs: readonly PlacedRun[]): ReadonlyMap<string, number> {
  const most = new Map<string, number>();
  for (const { manifest, workloadContent } of runs)
    most.set(workloadContent, Math.max(most.get(workloadContent) ?? 0, manifest.summary?.totals?.iops ?? 0));
  return most;
}
