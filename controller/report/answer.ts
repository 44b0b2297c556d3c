import type { Manifest } from "@salvo/proto/run_pb.ts";
import { comparedRun } from "../analysis/comparison/compared-run.ts";
import { compareScenarios, type WorkloadComparison } from "../analysis/comparison/comparison.ts";
import type { Difference } from "../analysis/comparison/difference.ts";
import type { MeasureName } from "../analysis/comparison/measure.ts";
import { differenceSentence, outcomeWords, ratioWords, remarks } from "../analysis/comparison/sentence.ts";
import type { Figure, Side } from "../analysis/comparison/side.ts";
import { findingsAcross } from "../analysis/findings/across-runs.ts";
import { type Bar, renderBars } from "./bars.ts";
import { findingList } from "./finding-list.ts";
import { html, type Html } from "./html.ts";
import { thresholdTable } from "./tables/thresholds.ts";
import { absent, renderTable } from "./tables/table.ts";
import { formatCount, formatMicros } from "./units.ts";

/** A page with more workloads shows the table alone. */
const WORKLOADS_DRAWN_MAX = 12;

interface Shown {
  readonly name: MeasureName;
  readonly title: string;
  readonly format: (value: number) => string;
}

const SHOWN: readonly Shown[] = [
  { name: "iops", title: "IOPS", format: formatCount },
  { name: "mib", title: "MiB/s", format: formatCount },
  { name: "p50", title: "p50", format: formatMicros },
  { name: "p99", title: "p99", format: formatMicros },
];
const DRAWN: ReadonlySet<MeasureName> = new Set(["iops", "p99"]);

/** What the study was for: its scenarios side by side, in sentences, bars and a table. Undefined where no workload has two runs. */
export function answerSection(manifests: readonly Manifest[]): Html | undefined {
  const runs = manifests.flatMap((manifest) => comparedRun(manifest) ?? []);
  const workloads = compareScenarios(runs);
  const findings = findingsAcross(runs);
  if (workloads.length === 0 && findings.length === 0) return undefined;
  if (workloads.length === 0)
    return html`<section id="answer" aria-label="Findings">${findingList(findings)}</section>`;
  return html`<section id="answer" aria-labelledby="answer-title">
    <h2 id="answer-title">Scenarios side by side</h2>
    ${questions(manifests)} ${thresholdTable(manifests, runs)} ${findingList(findings)}
    ${workloads
      .filter(({ others }) => others.length > 0)
      .slice(0, WORKLOADS_DRAWN_MAX)
      .map(workloadPart)}
    ${answerTable(workloads)}
    <p class="muted">
      <small>
        Medians of the repeats. From 6 repeats on, the thin line and the parentheses are a 95 % interval of the median;
        with fewer they are the range, in square brackets. Ratios have a 95 % interval from 4 repeats of each side on.
        Runs that are not complete count only where no run is.
      </small>
    </p>
  </section>`;
}

/** What the study was to answer, in its own words. */
function questions(manifests: readonly Manifest[]): Html[] {
  const texts = new Set(manifests.flatMap(({ spec }) => spec?.studyDescription || []));
  return [...texts].map((text) => html`<p>${text}</p>`);
}

function workloadPart(workload: WorkloadComparison): Html {
  const { title, base, others } = workload;
  const sentences = others.flatMap(({ side, differences }) =>
    differences.filter(isDrawn).map((each) => `${differenceSentence(each, base, side)}.`),
  );
  const notes = remarks(workload);
  return html`<div class="answer">
    <h3>${title}</h3>
    <ul>
      ${sentences.map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
    <div class="pair">
      ${SHOWN.filter(({ name }) => DRAWN.has(name)).flatMap((shown) => bars(workload, shown) ?? [])}
    </div>
    ${notes.length > 0 && html`<p class="muted"><small>${notes.map((note) => `${note}.`).join(" ")}</small></p>`}
  </div>`;
}

function isDrawn({ measure }: Difference): boolean {
  return DRAWN.has(measure.name);
}

function bars({ title, base, others }: WorkloadComparison, { name, title: measure, format }: Shown): Html | undefined {
  const sides = [base, ...others.map(({ side }) => side)];
  const drawn = sides.flatMap((side): Bar[] => {
    const figure = side.figures.get(name);
    if (!figure) return [];
    const { low, high } = figure.spread;
    return [{ label: side.label, value: figure.median, low, high, text: figureText(figure, format) }];
  });
  return drawn.length > 0 ? renderBars(`${measure} of ${title}`, measure, drawn) : undefined;
}

function answerTable(workloads: readonly WorkloadComparison[]): Html {
  return renderTable(
    "Medians of the repeats",
    [
      { title: "Workload" },
      { title: "Scenario" },
      { title: "Runs", figure: true },
      ...SHOWN.map(({ title }) => ({ title, figure: true })),
      { title: "IOPS against the base" },
    ],
    workloads.flatMap(({ title, base, others }) => [
      [html`${title}`, html`${base.label}`, ...figureCells(base), html`<span class="muted">the base</span>`],
      ...others.map(({ side, differences }) => {
        const iops = differences.find(({ measure }) => measure.name === "iops");
        return [
          html`<span class="muted">${title}</span>`,
          html`${side.label}`,
          ...figureCells(side),
          iops
            ? html`${outcomeWords(iops)}<br /><small>${ratioWords(iops, base, side)}</small>`
            : absent("One of the two has no IOPS."),
        ];
      }),
    ]),
  );
}

function figureCells({ runs, figures }: Side): Html[] {
  return [
    html`${runs.length}`,
    ...SHOWN.map(({ name, format }) => {
      const figure = figures.get(name);
      if (!figure) return absent("Not every counted run can tell it.");
      const between = spreadText(figure, format);
      return html`${format(figure.median)}${between && html`<br /><small>${between}</small>`}`;
    }),
  ];
}

/** `41,235 (40,900 to 41,800)`; a range is in square brackets. */
function figureText(figure: Figure, format: (value: number) => string): string {
  return [format(figure.median), spreadText(figure, format)].filter(Boolean).join(" ");
}

/** Of one run there is nothing to say. */
function spreadText({ spread, values }: Figure, format: (value: number) => string): string | undefined {
  if (values.length === 1) return undefined;
  const between = `${format(spread.low)} to ${format(spread.high)}`;
  return spread.type === "interval" ? `(${between})` : `[${between}]`;
}
