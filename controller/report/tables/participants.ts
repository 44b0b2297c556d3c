import { html, type Html } from "../html.ts";
import type { ReportRun } from "../run.ts";
import { renderTable } from "./table.ts";
import { FIGURE_COLUMNS, linesOf } from "./totals.ts";

/** What each participant did in the window: a line for each direction, and one for both where it read and wrote. */
export function participantTable({ manifest, samples }: ReportRun): Html {
  const samplesOf = Map.groupBy(samples, ({ participant }) => participant);
  return renderTable(
    "Participants, in the window",
    [
      { title: "Participant" },
      ...FIGURE_COLUMNS,
      { title: "Samples", figure: true },
      { title: "Stalled", figure: true, hint: "Samples for which fio did not answer before the next tick" },
    ],
    manifest.participants.flatMap(({ id, totals, lost }) => {
      const own = samplesOf.get(id) ?? [];
      const name = html`${id}${lost && html` <span class="poor">lost, in no total</span>`}`;
      const counts = [html`${own.length}`, html`${own.filter(({ stalled }) => stalled).length}`];
      const [first, ...others] = linesOf(totals);
      return [
        [name, ...(first ?? []), ...counts],
        ...others.map((cells) => [html`<span class="muted">${id}</span>`, ...cells, html``, html``]),
      ];
    }),
  );
}
