import { html, type Html } from "./html.ts";
import type { PlacedRun } from "./placed.ts";

/** So many sentences stand at the head of a report; each run's section has all of its own. */
const SHOWN_MAX = 12;
const RUNS_MAX = 5;

/** What to know before comparing the runs: each sentence once, with links to the runs that it is about. */
export function warningList(runs: readonly PlacedRun[]): Html | undefined {
  const said = runs.flatMap((placed) =>
    (placed.manifest.summary?.warnings ?? []).map((warning) => ({ warning, placed })),
  );
  const byWarning = [...Map.groupBy(said, ({ warning }) => warning)];
  if (byWarning.length === 0) return undefined;
  const more = byWarning.length - SHOWN_MAX;
  return html`<aside class="notes warnings" aria-labelledby="warnings-title">
    <h3 id="warnings-title">Warnings</h3>
    <ul>
      ${byWarning
        .slice(0, SHOWN_MAX)
        .map(
          ([warning, about]) =>
            html`<li>${warning} <span class="muted">(${linksTo(about.map(({ placed }) => placed))})</span></li> `,
        )}
      ${more > 0 && html`<li>${more} more, in the sections of the runs</li>`}
    </ul>
  </aside> `;
}

function linksTo(runs: readonly PlacedRun[]): Html {
  const links = runs
    .slice(0, RUNS_MAX)
    .map(
      ({ anchor, workload, scenario, repeat }, index) =>
        html`${index > 0 && "; "}<a href="#${anchor}">${workload} in ${scenario}, ${repeat}</a>`,
    );
  return html`${links}${runs.length > RUNS_MAX && ` and ${runs.length - RUNS_MAX} more`}`;
}
