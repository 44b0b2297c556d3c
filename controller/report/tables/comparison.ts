import { type Cell, compare, type Compared, type Result } from "../comparison.ts";
import { html, type Html } from "../html.ts";
import { formatCount, formatMicros } from "../units.ts";
import { absent, renderTable } from "./table.ts";

/** The scenarios of each workload side by side; undefined where there is nothing to compare. */
export function comparisonTable(manifests: readonly Compared[]): Html | undefined {
  const compared = compare(manifests);
  if (!compared) return undefined;
  const { scenarios, workloads } = compared;
  return html`${renderTable(
      "Scenarios side by side: IOPS",
      [{ title: "Workload" }, ...scenarios.map((title) => ({ title, figure: true, hint: HINT }))],
      workloads.map(({ workload, cells }) => [html`${workload}`, ...cells.map(cellHtml)]),
    )}
    <p class="muted"><small>${HINT} Runs that are not complete count only where no run is.</small></p>`;
}

const HINT = "The median of the runs, and the least and the most of them; p99 is of a run in the middle.";

function cellHtml(cell: Cell | undefined): Html {
  if (!cell) return absent("There is no run of this workload in this scenario.");
  const { result, leftOut } = cell;
  return html`${result ? resultHtml(result) : html`no result`}
  ${leftOut.length > 0 && html`<br /><small>without ${leftOut.join(", ")}</small>`}`;
}

function resultHtml({ verdict, runs, iops, p99Us }: Result): Html {
  const range = runs > 1 && html` <span class="muted">${formatCount(iops.least)} – ${formatCount(iops.most)}</span>`;
  const counted = verdict === "complete" ? html`${runs} complete` : html`<span class="fair">${runs} ${verdict}</span>`;
  const p99 = p99Us === undefined ? "–" : formatMicros(p99Us);
  return html`${formatCount(iops.median)}${range}<br /><small>p99 ${p99}; ${counted}</small>`;
}
