import { answerSection } from "./answer.ts";
import { ANSWER_STYLE } from "./bars.ts";
import { html, type Html, trusted } from "./html.ts";
import { placeRuns } from "./placed.ts";
import type { ReportRun } from "./run.ts";
import { renderRun } from "./section.ts";
import { STYLE } from "./style.ts";
import { summaryTable } from "./summary.ts";
import { comparisonTable } from "./tables/comparison.ts";
import { hostTable } from "./tables/hosts.ts";
import { colorVariables } from "./theme.ts";
import { formatInstant } from "./units.ts";
import { warningList } from "./warnings.ts";

/** Nothing is loaded and nothing runs: even markup that got past the escaping could do neither. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/**
 * One HTML page about one or more sealed runs, in the order given. It needs no network, no script and no other file.
 * The same runs always give the same bytes.
 */
export function renderReport(runs: readonly ReportRun[]): string {
  const placed = placeRuns(runs);
  const answer = answerSection(runs.map(({ manifest }) => manifest));
  const title = `${namesOf(runs, "study") || "Salvo"}: storage benchmark report`;
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
          ${masthead(runs)} ${answer}
          <section id="summary" aria-labelledby="summary-title">
            <h2 id="summary-title">Summary</h2>
            ${warningList(placed)} ${summaryTable(placed)} ${answer ? undefined : comparisonTable(runs)}
          </section>
          ${placed.map(renderRun)}
          <section aria-labelledby="hosts-title">
            <h2 id="hosts-title">Where it ran</h2>
            ${hostTable(runs)}
          </section>
        </main>
        ${footer(runs)}
      </body>
    </html> `.markup;
}

function masthead(runs: readonly ReportRun[]): Html {
  const t0s = runs
    .map(({ manifest }) => manifest.t0WallNs)
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
    ["Lab", namesOf(runs, "lab") || "–"],
    ["When", when],
    ["Runs", `${runs.length}: ${verdicts(runs)}`],
  ];
  return html`<header class="masthead">
    <p class="brand">${MARK} Salvo report</p>
    <h1>${namesOf(runs, "study") || "No study"}</h1>
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

function footer(runs: readonly ReportRun[]): Html {
  const versions = [...new Set(runs.map(({ manifest }) => manifest.salvoVersion))].join(", ");
  return html`<footer>
    <p>
      Sealed by Salvo ${versions}. Totals count the window alone, in which every participant was running. Percentiles
      come from merged histograms, never from averages; one that fewer than 10 I/Os lie beyond is not given. Latency is
      total latency: from the attempt to submit to completion.
    </p>
  </footer>`;
}

function verdicts(runs: readonly ReportRun[]): string {
  const byVerdict = Map.groupBy(runs, ({ manifest }) => manifest.summary?.verdict || "unknown");
  return [...byVerdict].map(([verdict, runs]) => `${runs.length} ${verdict}`).join(", ");
}

function namesOf(runs: readonly ReportRun[], field: "study" | "lab"): string {
  return [...new Set(runs.map(({ manifest }) => manifest.spec?.[field]).filter(Boolean))].join(", ");
}
