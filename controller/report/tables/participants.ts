import { html, type Html } from "../html.ts";
import type { ReportRun } from "../run.ts";
import { formatCount } from "../units.ts";
import { absent, maxCell, percentileCell, renderTable } from "./table.ts";

/** What each participant did in the window. */
export function participantTable({ manifest, samples }: ReportRun): Html {
  const samplesOf = Map.groupBy(samples, ({ participant }) => participant);
  return renderTable(
    "Participants, in the window",
    [
      { title: "Participant" },
      { title: "IOPS", figure: true },
      { title: "MiB/s", figure: true },
      { title: "p50", figure: true },
      { title: "p99", figure: true },
      { title: "p99.9", figure: true },
      { title: "max", figure: true, hint: "No I/O in the window took longer" },
      { title: "Samples", figure: true },
      { title: "Stalled", figure: true, hint: "Samples for which fio did not answer before the next tick" },
    ],
    manifest.participants.map(({ id, totals, lost }) => {
      const own = samplesOf.get(id) ?? [];
      const none = absent("This participant has no totals: it has no window.");
      return [
        html`${id}${lost && html` <span class="poor">lost, in no total</span>`}`,
        totals ? html`${formatCount(totals.iops)}` : none,
        totals ? html`${formatCount(totals.mibPerSec)}` : none,
        percentileCell(totals?.latencyUs?.p50, "p50"),
        percentileCell(totals?.latencyUs?.p99, "p99"),
        percentileCell(totals?.latencyUs?.p999, "p999"),
        maxCell(totals?.latencyUs?.max),
        html`${own.length}`,
        html`${own.filter(({ stalled }) => stalled).length}`,
      ];
    }),
  );
}
