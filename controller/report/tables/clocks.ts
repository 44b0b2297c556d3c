import type { ClockEstimate, Manifest } from "@salvo/proto/run_pb.ts";
import { html, type Html } from "../html.ts";
import { formatMicros } from "../units.ts";
import { absent, renderTable } from "./table.ts";

/** How well each agent's clock was known, before and after the run, and how far it drifted between. */
export function clockTable({ clockBefore, clockAfter, hostClocks }: Manifest): Html {
  const after = new Map(clockAfter.map((estimate) => [estimate.agent, estimate]));
  const hosts = new Map(hostClocks.map((clocks) => [clocks.agent, clocks]));
  return renderTable(
    "Clocks against the controller's",
    [
      { title: "Agent" },
      { title: "Bound before", figure: true, hint: "Half the least round trip: the offset is wrong by at most this" },
      { title: "Bound after", figure: true },
      { title: "Drift", figure: true, hint: "How much faster the agent's clock runs, parts per million" },
      { title: "Pings", figure: true },
    ],
    clockBefore.flatMap((before) => {
      const host = hosts.get(before.agent);
      const own = clockRow(html`${before.agent}`, before, after.get(before.agent));
      const name = html`${before.agent}, the host that it samples
        <small>against the agent's clock: both bounds add up</small>`;
      return host ? [own, clockRow(name, host.before, host.after)] : [own];
    }),
  );
}

type Estimate = Pick<ClockEstimate, "atNs" | "offsetNs" | "boundNs" | "pings">;

function clockRow(name: Html, before: Estimate | undefined, later: Estimate | undefined): Html[] {
  return [
    name,
    before ? boundCell(before) : absent("The clock was not measured before the run."),
    later ? boundCell(later) : html`<span class="fair">not looked at again</span>`,
    before && later ? driftCell(before, later) : absent("Drift needs a measurement before the run and one after it."),
    html`${(before?.pings ?? 0) + (later?.pings ?? 0)}`,
  ];
}

function boundCell({ boundNs }: Estimate): Html {
  return html`± ${formatMicros(Number(boundNs) / 1000)}`;
}

/** The offset falls when the agent's clock runs fast. Drift within what both bounds allow is no drift that was seen. */
function driftCell(before: Estimate, after: Estimate): Html {
  const apart = Number(after.atNs - before.atNs);
  if (apart <= 0) return absent("Both measurements have the same time.");
  const ppm = (-Number(after.offsetNs - before.offsetNs) / apart) * 1e6;
  const errorPpm = (Number(before.boundNs + after.boundNs) / apart) * 1e6;
  return html`${signed(ppm)} ± ${errorPpm.toFixed(1)} ppm`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
}
