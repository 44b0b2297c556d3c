import type { StreamCompleteness } from "@salvo/proto/run_pb.ts";
import { html, type Html } from "../html.ts";
import { renderTable } from "./table.ts";

/** Every agent's stream of records: what there was, and whether all of it is here. */
export function completenessTable(streams: readonly StreamCompleteness[]): Html {
  return renderTable(
    "Completeness",
    [
      { title: "Agent" },
      { title: "First", figure: true, hint: "Sequence number of the first record" },
      { title: "Last", figure: true, hint: "Sequence number of the last record" },
      { title: "Records", figure: true },
      { title: "Missing", figure: true, hint: "Named by a later record and found nowhere" },
      { title: "By NATS", figure: true, hint: "Received while the run went on" },
      { title: "Backfilled", figure: true, hint: "Asked of the agent afterwards" },
      { title: "SHA-256", hint: "Over the records in order; its first 12 digits" },
    ],
    streams.map((stream) => [
      html`${stream.agent}`,
      html`${stream.firstSeq}`,
      html`${stream.lastSeq}`,
      html`${stream.count}`,
      stream.missing > 0 ? html`<strong class="poor">${stream.missing} missing</strong>` : html`0`,
      html`${stream.received}`,
      html`${stream.backfilled}`,
      html`<code title="${stream.sha256}">${stream.sha256.slice(0, 12)}</code>`,
    ]),
  );
}
