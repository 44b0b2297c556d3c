import { type Chart, renderChart } from "./chart.ts";
import { html, type Html, trusted } from "./html.ts";
import type { LineStyle } from "./theme.ts";

export interface LegendEntry {
  readonly name: string;
  readonly style: LineStyle;
}

export interface Figure {
  readonly title: string;
  /** One plain sentence: what is drawn, and how to read it. */
  readonly caption: Html | string;
  readonly legend?: readonly LegendEntry[];
  /** Below the legend: scales and the like. */
  readonly key?: Html;
  readonly chart: Chart;
}

/** detail: as of renderChart. */
export function renderFigure({ title, caption, legend, key, chart }: Figure, detail: number): Html {
  return html`<figure id="${chart.id}">
    <figcaption>
      <h4>${title}</h4>
      <p>${caption}</p>
    </figcaption>
    ${legend && renderLegend(legend)}${key} ${renderChart(chart, detail)}
  </figure> `;
}

/** Real text, so that it wraps, can be searched and follows the page's colours. */
function renderLegend(entries: readonly LegendEntry[]): Html {
  const items = entries.map(({ name, style: { color, dash } }) => {
    const line = `<line x1="0" y1="5" x2="26" y2="5" stroke="var(--${color})" stroke-width="2.5" stroke-dasharray="${dash.join(" ")}"/>`;
    return html`<li>
      <svg viewBox="0 0 26 10" width="26" height="10" aria-hidden="true">${trusted(line)}</svg>${name}
    </li>`;
  });
  return html`<ul class="legend">
    ${items}
  </ul>`;
}
