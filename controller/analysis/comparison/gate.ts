/** Whether a comparison stays within a loss that somebody allows. It is judged on the interval, never on a single figure. */
import type { WorkloadComparison } from "./comparison.ts";
import type { Difference } from "./difference.ts";
import type { MeasureName } from "./measure.ts";

export type Judgement = "pass" | "fail" | "cannot-tell";

export interface Judged {
  readonly title: string;
  readonly side: string;
  readonly measure: string;
  readonly judgement: Judgement;
  readonly sentence: string;
}

/** `maxLoss` 0.05: at most 5 % fewer IOPS, or 5 % more latency. */
export function judgeLoss(
  workloads: readonly WorkloadComparison[],
  maxLoss: number,
  measures: readonly MeasureName[],
): Judged[] {
  return workloads.flatMap(({ title, others }) =>
    others.flatMap(({ side, differences }) =>
      measures.map((name): Judged => {
        const difference = differences.find(({ measure }) => measure.name === name);
        const told = difference ? judge(difference, maxLoss) : UNMEASURED;
        return { title, side: side.label, measure: difference?.measure.title ?? name, ...told };
      }),
    ),
  );
}

type Told = Pick<Judged, "judgement" | "sentence">;

const UNMEASURED: Told = { judgement: "cannot-tell", sentence: "one of the sides has no such figure" };

function judge({ measure, ratio }: Difference, maxLoss: number): Told {
  if (!ratio) return UNMEASURED;
  const { spread, value } = ratio;
  const lossAt = (times: number) => (measure.better === "more" ? 1 - times : times - 1);
  const [least, most] = [lossAt(spread.low), lossAt(spread.high)].toSorted((a, b) => a - b);
  const allowed = `${percent(maxLoss)} is allowed`;
  const loss = lossAt(value);
  const seen = loss < 0 ? `there is no loss but a gain of ${percent(-loss)}` : `the loss is ${percent(loss)}`;
  if (spread.type === "range" || least === undefined || most === undefined)
    return {
      judgement: "cannot-tell",
      sentence: `${seen} and ${allowed}, but the repeats are too few for an interval`,
    };
  const between = `${seen} (95 %: ${percent(least)} to ${percent(most)})`;
  if (least > maxLoss) return { judgement: "fail", sentence: `${between}; ${allowed}` };
  if (most <= maxLoss) return { judgement: "pass", sentence: `${between}; ${allowed}` };
  return { judgement: "cannot-tell", sentence: `${between}; ${allowed}, which lies within the interval` };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
