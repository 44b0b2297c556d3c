import { html, type Html } from "./html.ts";

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The ends of the error bar. */
  readonly low: number;
  readonly high: number;
  /** The same as text, beside the bar. */
  readonly text: string;
}

/** Bars with error bars, the first of them grey as the others are compared with it. They are made of boxes: they are as wide as the page lets them be, and print. */
export function renderBars(id: string, title: string, bars: readonly Bar[]): Html {
  const most = bars.reduce((greatest, { value, high }) => Math.max(greatest, value, high), 0);
  const share = (value: number) => (most > 0 ? ((100 * value) / most).toFixed(2) : "0");
  const label = `${id}: ${bars.map(({ label: name, text }) => `${name} ${text}`).join("; ")}`;
  const rows = bars.map(
    ({ label: name, value, low, high, text }) =>
      html`<div class="row">
        <span class="name">${name}</span> <span class="value">${text}</span>
        <span class="track"
          ><i style="width:${share(value)}%"></i
          ><b style="left:${share(low)}%;width:${share(Math.max(0, high - low))}%"></b
        ></span>
      </div>`,
  );
  return html`<div class="bars" role="img" aria-label="${label}">
    <h4>${title}</h4>
    ${rows}
  </div>`;
}

export const ANSWER_STYLE = `
#answer{margin-top:40px}
.answer{break-inside:avoid;margin-top:28px}
.answer h3{margin:0 0 6px}
.answer ul{margin:0 0 12px;padding-left:18px;max-width:84ch}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:12px 40px}
.bars h4{margin-bottom:4px}
.bars .row{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:0 12px;margin-bottom:10px;font-size:.875rem}
.bars .name{overflow-wrap:anywhere}
.bars .value{text-align:right}
.bars .track{grid-column:1/-1;position:relative;margin-right:2px;height:14px;background:var(--surface);border-radius:2px}
.bars i{position:absolute;inset:0 auto 0 0;background:var(--blue);border-radius:2px}
.bars .row:first-of-type i{background:var(--ramp)}
.bars b{position:absolute;top:6px;height:2px;background:var(--ink);outline:1px solid var(--paper);min-width:2px}
.bars b:before,.bars b:after{content:"";position:absolute;top:-4px;width:2px;height:10px;background:var(--ink);outline:1px solid var(--paper)}
.bars b:before{left:0}.bars b:after{right:0}
@media (max-width:700px){.pair{grid-template-columns:1fr}}
`;
