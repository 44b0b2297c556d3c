import { html, type Html } from "../html.ts";
import { formatMicros } from "../units.ts";

export interface Column {
  readonly title: string;
  /** What the column means, shown on pointing at it. */
  readonly hint?: string;
  /** Figures stand at the right, texts (the default) at the left. */
  readonly figure?: boolean;
}

/** A table that scrolls by itself where the page is too narrow. The first cell of each row names the row. */
export function renderTable(caption: string, columns: readonly Column[], rows: readonly (readonly Html[])[]): Html {
  const head = columns.map(
    ({ title, hint, figure }) =>
      html`<th scope="col" ${hint && html` title="${hint}"`}${figure && html` class="figure"`}>${title}</th>`,
  );
  const body = rows.map(
    (cells) =>
      html`<tr>
        ${cells.map((cell, index) => renderCell(cell, columns[index], index === 0))}
      </tr> `,
  );
  return html`<div class="table" role="region" aria-label="${caption}" tabindex="0">
    <table>
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div> `;
}

function renderCell(cell: Html, column: Column | undefined, names: boolean): Html {
  const kind = column?.figure && html` class="figure"`;
  return names ? html`<th scope="row" ${kind}>${cell}</th>` : html`<td${kind}>${cell}</td>`;
}

/** A dash that says why there is no figure. */
export function absent(why: string): Html {
  return html`<abbr class="absent" title="${why}">–</abbr>`;
}

const UNSUPPORTED = {
  p50: "the median",
  p95: "the 95th percentile",
  p99: "the 99th percentile",
  p999: "the 99.9th percentile",
  p9999: "the 99.99th percentile",
} as const;

export type PercentileName = keyof typeof UNSUPPORTED;

/** Microseconds, or a dash: a percentile of too few I/Os would be chance. */
export function percentileCell(us: number | undefined, name: PercentileName): Html {
  if (us !== undefined) return html`${formatMicros(us)}`;
  return absent(`Fewer than 10 I/Os lie beyond ${UNSUPPORTED[name]}: the data cannot support it.`);
}

/** The longest latency of any I/O, or a dash: of older archives nobody knows it. */
export function maxCell(us: number | undefined): Html {
  return us === undefined
    ? absent("No I/O in the window, or an archive from before it was told.")
    : html`${formatMicros(us)}`;
}
