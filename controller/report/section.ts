import type { CpuCost, Manifest } from "@salvo/proto/run_pb.ts";
import { cpuFigure } from "./charts/cpu.ts";
import { latencyFigure } from "./charts/latency.ts";
import { percentilesFigure } from "./charts/percentiles.ts";
import { startFigure } from "./charts/start.ts";
import { throughputFigure } from "./charts/throughput.ts";
import { renderFigure } from "./figure.ts";
import { findingList } from "./finding-list.ts";
import { hostsOf } from "./hosts.ts";
import { html, type Html } from "./html.ts";
import type { ReportRun } from "./run.ts";
import type { PlacedRun } from "./placed.ts";
import { NO_WINDOW, NOBODY_STARTED, NOT_COUNTED } from "./summary.ts";
import { clockTable } from "./tables/clocks.ts";
import { completenessTable } from "./tables/completeness.ts";
import { diskTable } from "./tables/disk.ts";
import { nicTable, observedDiskTable } from "./tables/observed.ts";
import { participantTable } from "./tables/participants.ts";
import { storageTables } from "./tables/storage.ts";
import { absent, maxCell, percentileCell } from "./tables/table.ts";
import { totalsTable } from "./tables/totals.ts";
import { verdictBadge } from "./tables/verdict.ts";
import { formatCount, formatInstant, formatMicros } from "./units.ts";
import { describeWorkload } from "./workload.ts";

/** All about one run: what was asked for, what came of it, its charts and its proofs. detail: as of renderChart. */
export function renderRun(placed: PlacedRun, run: ReportRun, detail: number): Html {
  const { manifest, anchor } = placed;
  const storage = manifest.spec?.storage;
  return section(
    placed,
    html`<h3>What was measured</h3>
      ${figures(run, anchor, detail)} ${totalsTable(manifest.summary?.totals)}
      ${manifest.participants.length > 0 && participantTable(run)} ${observedDiskTable(run)} ${nicTable(run)}
      ${storage && html`<h3>How its storage was reached</h3>`}
      ${storage && storageTables(storage, manifest.summary?.totals?.mibPerSec)}
      <h3>How far it can be trusted</h3>
      ${proofs(run, anchor, detail)}`,
  );
}

/** What is said of a run in a page of very many. */
export function renderBriefly(placed: PlacedRun): Html {
  const name = placed.manifest.summary?.run;
  return section(
    placed,
    html`<p class="muted">Charts and proofs are in the report of this run alone: <code>salvo report ${name}</code></p>`,
  );
}

function section({ manifest, anchor, workload, scenario, repeat }: PlacedRun, rest: Html): Html {
  const { summary, spec } = manifest;
  return html`<section class="run" id="${anchor}" aria-labelledby="${anchor}-title">
    <header>
      <h2 id="${anchor}-title">
        ${workload} <span class="muted">in</span> ${scenario}
        <span class="muted">· ${repeat}</span>
      </h2>
      <p>${verdictBadge(summary?.verdict ?? "")} ${summary?.reason}</p>
      <p class="muted">
        ${spec?.workload && describeWorkload(spec.workload)}. ${started(manifest)}, run <code>${summary?.run}</code>.
      </p>
    </header>
    ${keyFigures(manifest)} ${findingList(summary?.findings ?? [])} ${notes("Warnings", summary?.warnings ?? [])}
    ${notes("Notes", manifest.notes)} ${rest}
  </section> `;
}

function started(manifest: Manifest): string {
  return manifest.t0WallNs > 0n ? `T0 at ${formatInstant(manifest.t0WallNs)}` : "Never fired";
}

function keyFigures({ summary }: Manifest): Html {
  const totals = summary?.totals;
  const none = absent(NO_WINDOW);
  const spread = summary?.startSpreadMs;
  const samples = summary?.samples;
  const figures: readonly (readonly [name: string, value: Html, more?: string | false | undefined])[] = [
    ["IOPS", totals ? html`${formatCount(totals.iops)}` : none, totals && `${formatCount(totals.mibPerSec)} MiB/s`],
    ["Latency p50", percentileCell(totals?.latencyUs?.p50, "p50")],
    ["p99", percentileCell(totals?.latencyUs?.p99, "p99")],
    ["p99.9", percentileCell(totals?.latencyUs?.p999, "p999")],
    [
      "max",
      maxCell(totals?.latencyUs?.max),
      totals && totals.stalledSeconds > 0 && `a stall of ${totals.stalledSeconds.toFixed(1)} s is inside the window`,
    ],
    ...cpuCosts(summary?.cpuCost),
    [
      "Start spread",
      spread ? html`${formatMicros(spread.max * 1000)}` : absent(NOBODY_STARTED),
      spread && `proven to ± ${formatMicros(summary.startBoundUs)}; clocks to ± ${formatMicros(summary.clockBoundUs)}`,
    ],
    [
      "Samples expected",
      samples ? html`${formatCount(samples.expected)}` : absent(NOT_COUNTED),
      samples &&
        `${formatCount(samples.received)} received, ${formatCount(samples.backfilled)} backfilled, ${formatCount(samples.missing)} missing`,
    ],
  ];
  return html`<dl class="key">
    ${figures.map(
      ([name, value, more]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
          ${more && html`<dd>${more}</dd>`}
        </div>`,
    )}
  </dl>`;
}

/** Without those that nobody can tell. */
function cpuCosts(cost: CpuCost | undefined): [name: string, value: Html, more: string][] {
  const { guests, targets, hypervisors } = cost ?? {};
  const told = [
    ["guests", guests],
    ["targets", targets],
    ["hypervisors", hypervisors],
  ] as const;
  return told.flatMap(([who, seconds]): [string, Html, string][] =>
    seconds === undefined ? [] : [[`CPU of ${who}`, html`${formatCount(seconds)} core-s`, "for each 100,000 I/Os"]],
  );
}

function notes(title: "Warnings" | "Notes", notes: readonly string[]): Html | undefined {
  if (notes.length === 0) return undefined;
  return html`<aside class="notes ${title === "Warnings" && "warnings"}">
    <h3>${title}</h3>
    <ul>
      ${notes.map((note) => html`<li>${note}</li>`)}
    </ul>
  </aside>`;
}

function figures(run: ReportRun, anchor: string, detail: number): Html {
  const figures = [
    throughputFigure(run, `${anchor}-throughput`),
    latencyFigure(run, `${anchor}-latency`),
    percentilesFigure(run, `${anchor}-percentiles`),
    ...hostsOf(run.manifest).map((host, index) => cpuFigure(run, host, `${anchor}-cpu${index}`)),
  ].filter((figure) => figure !== undefined);
  if (figures.length === 0) return html`<p>Nothing was measured in this run.</p>`;
  return html`${figures.map((figure) => renderFigure(figure, detail))}`;
}

function proofs(run: ReportRun, anchor: string, detail: number): Html {
  const { manifest } = run;
  const start = startFigure(run, `${anchor}-start`);
  return html`${start ? renderFigure(start, detail) : html`<p>No participant did its first I/O.</p>`}
  ${manifest.clockBefore.length > 0 && clockTable(manifest)}
  ${manifest.streams.length > 0 && completenessTable(manifest.streams)} ${run.samples.length > 0 && diskTable(run)}`;
}
