import type { Manifest } from "@salvo/proto/run_pb.ts";
import { Histogram } from "@salvo/shared/fio/latency.ts";
import { assert } from "@salvo/shared/kernel/assert.ts";
import { answerSection } from "./answer.ts";
import { ANSWER_STYLE } from "./bars.ts";
import { html, type Html, trusted } from "./html.ts";
import { windowLatency } from "./latency.ts";
import { type PlacedRun, placeRuns } from "./placed.ts";
import type { ReportRun } from "./run.ts";
import { renderBriefly, renderRun } from "./section.ts";
import { STYLE } from "./style.ts";
import { isComplete, summaryTable } from "./summary.ts";
import { hostTable } from "./tables/hosts.ts";
import { colorVariables } from "./theme.ts";
import { formatInstant } from "./units.ts";
import { warningList } from "./warnings.ts";

/** Nothing is loaded and nothing runs: even markup that got past the escaping could do neither. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** A page of more runs tells of each briefly, without charts: a browser takes no more, and neither does memory. */
export const FULL_MAX = 100;
/** With more runs their lines have fewer points, so that the page grows little. */
const ALL_POINTS_MAX = 10;

/**
 * One HTML page about one or more sealed runs, in the order given. It needs no network, no script and no other file.
 * The same runs always give the same bytes.
 */
export function renderReport(runs: readonly ReportRun[]): string {
  const page = openPage(runs.map(({ manifest }) => manifest));
  for (const run of runs) page.add(run);
  return page.end();
}

/** The same without having all measurements at once: each run is loaded in its turn. */
export async function renderInTurn(
  manifests: readonly Manifest[],
  load: (index: number, isBrief: boolean) => Promise<ReportRun>,
): Promise<string> {
  const page = openPage(manifests);
  for (const index of manifests.keys()) page.add(await load(index, page.isBrief));
  return page.end();
}

function openPage(manifests: readonly Manifest[]) {
  const placed = placeRuns(manifests);
  const sections: Html[] = [];
  const pooled = new Map<string, Histogram>();
  const isBrief = manifests.length > FULL_MAX;
  const detail = Math.min(1, ALL_POINTS_MAX / manifests.length);
  return {
    isBrief,
    /** In their order. Nothing of the measurements is kept but the latencies that the summary pools. */
    add(run: ReportRun): void {
      const place = placed[sections.length];
      assert(place, "no more runs are added than there are manifests");
      sections.push(isBrief ? renderBriefly(place) : renderRun(place, run, detail));
      if (!isComplete(run.manifest)) return;
      const pool = pooled.get(place.content) ?? new Histogram();
      pooled.set(place.content, pool);
      pool.merge(windowLatency(run));
    },
    end: () => renderPage(placed, sections, pooled),
  };
}

function renderPage(
  placed: readonly PlacedRun[],
  sections: readonly Html[],
  pooled: ReadonlyMap<string, Histogram>,
): string {
  const manifests = placed.map(({ manifest }) => manifest);
  const answer = answerSection(manifests);
  const title = `${namesOf(manifests, "study") || "Salvo"}: storage benchmark report`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${trusted(colorVariables() + STYLE + ANSWER_STYLE)}
        </style>
      </head>
      <body>
        <a class="skip" href="#summary">Skip to the summary</a>
        <main>
          ${masthead(manifests)} ${answer}
          <section id="summary" aria-labelledby="summary-title">
            <h2 id="summary-title">Summary</h2>
            ${warningList(placed)} ${summaryTable(placed, pooled)}
          </section>
          ${sections}
          <section aria-labelledby="hosts-title">
            <h2 id="hosts-title">Where it ran</h2>
            ${hostTable(manifests)}
          </section>
        </main>
        ${footer(manifests)}
      </body>
    </html> `.markup;
}

function masthead(manifests: readonly Manifest[]): Html {
  const t0s = manifests
    .map(({ t0WallNs }) => t0WallNs)
    .filter((ns) => ns > 0n)
    .sort((a, b) => (a < b ? -1 : 1));
  const [first, last] = [t0s[0], t0s.at(-1)];
  const when =
    first === undefined || last === undefined
      ? "never started"
      : first === last
        ? formatInstant(first)
        : `${formatInstant(first)} to ${formatInstant(last)}`;
  const facts: readonly (readonly [string, string])[] = [
    ["Lab", namesOf(manifests, "lab") || "–"],
    ["When", when],
    ["Runs", `${manifests.length}: ${verdicts(manifests)}`],
  ];
  return html`<header class="masthead">
    <p class="brand">${MARK} Salvo report</p>
    <h1>${namesOf(manifests, "study") || "No study"}</h1>
    <dl>
      ${facts.map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </header>`;
}

/** Four gates that open together. */
const MARK = trusted(
  `<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d="M5 2v16" stroke="var(--teal)" stroke-width="1.5"/><path d="M5 4.5h12M5 8.2h9M5 11.8h11M5 15.5h7" stroke="var(--ink)" stroke-width="2"/></svg>`,
);

function footer(manifests: readonly Manifest[]): Html {
  const versions = [...new Set(manifests.map(({ salvoVersion }) => salvoVersion))].join(", ");
  return html`<footer>
    <p>
      Sealed by Salvo ${versions}. Totals count the window alone, in which every participant was running. Percentiles
      come from merged histograms, never from averages; one that fewer than 10 I/Os lie beyond is not given. Latency is
      total latency: from the attempt to submit to completion.
    </p>
  </footer>`;
}

function verdicts(manifests: readonly Manifest[]): string {
  const byVerdict = Map.groupBy(manifests, ({ summary }) => summary?.verdict || "unknown");
  return [...byVerdict].map(([verdict, runs]) => `${runs.length} ${verdict}`).join(", ");
}

function namesOf(manifests: readonly Manifest[], field: "study" | "lab"): string {
  return [...new Set(manifests.map(({ spec }) => spec?.[field]).filter(Boolean))].join(", ");
}
