import type { ClockEstimate, Manifest } from "@salvo/proto/run_pb.ts";
import { html, type Html } from "../html.ts";
import { formatMicros } from "../units.ts";
import { absent, renderTable } from "./table.ts";

/** How well each agent's clock was known, before and after the run, and how far it drifted between. */
export function clockTable({ clockBefore, clockAfter }: Manifest): Html {
  const after = new Map(clockAfter.map((estimate) => [estimate.agent, estimate]));
  return renderTable(
    "Clocks against the controller's",
    [
      { title: "Agent" },
      { title: "Bound before", figure: true, hint: "Half the least round trip: the offset is wrong by at most this" },
      { title: "Bound after", figure: true },
      { title: "Drift", figure: true, hint: "How much faster the agent's clock runs, parts per million" },
      { title: "Pings", figure: true },
    ],
    clockBefore.map((before) => {
      const later = after.get(before.agent);
      return [
        html`${before.agent}`,
        boundCell(before),
        later ? boundCell(later) : html`<span class="fair">not looked at again</span>`,
        later ? driftCell(before, later) : absent("Drift needs a measurement after the run."),
        html`${before.pings + (later?.pings ?? 0)}`,
      ];
    }),
  );
}

function boundCell({ boundNs }: ClockEstimate): Html {
  return html`± ${formatMicros(Number(boundNs) / 1000)}`;
}

/** The offset falls when the agent's clock runs fast. Drift within what both bounds allow is no drift that was seen. */
function driftCell(before: ClockEstimate, after: ClockEstimate): Html {
  const apart = Number(after.atNs - before.atNs);
  if (apart <= 0) return absent("Both measurements have the same time.");
  const ppm = (-Number(after.offsetNs - before.offsetNs) / apart) * 1e6;
  const errorPpm = (Number(before.boundNs + after.boundNs) / apart) * 1e6;
  return html`${signed(ppm)} ± ${errorPpm.toFixed(1)} ppm`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}
