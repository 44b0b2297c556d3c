import type { RunSummary } from "@salvo/proto/run_pb.ts";

/** A figure of a run that is compared. */
export interface Measure {
  readonly name: MeasureName;
  readonly title: string;
  readonly unit: string;
  /** Digits after the point that a reader wants. */
  readonly digits: number;
  readonly better: "more" | "less";
  /** What is said of a side whose figure is greater or less than that of the base. */
  readonly above: string;
  readonly below: string;
  /** Undefined where the run cannot tell. */
  readonly of: (summary: RunSummary) => number | undefined;
}

export type MeasureName = "iops" | "mib" | "p50" | "p99" | "cpu-guests" | "cpu-targets";

const SPEED = { better: "more", above: "faster", below: "slower" } as const;
const LATENCY = { unit: "us", digits: 0, better: "less", above: "slower", below: "faster" } as const;

const CPU = { unit: "core-s", digits: 3, better: "less", above: "takes more", below: "takes less" } as const;

/** In the order in which they are shown. */
export const MEASURES: readonly Measure[] = [
  { name: "iops", title: "IOPS", unit: "", digits: 0, ...SPEED, of: ({ totals }) => totals?.iops },
  { name: "mib", title: "MiB/s", unit: "", digits: 1, ...SPEED, of: ({ totals }) => totals?.mibPerSec },
  { name: "p50", title: "p50", ...LATENCY, of: ({ totals }) => totals?.latencyUs?.p50 },
  { name: "p99", title: "p99", ...LATENCY, of: ({ totals }) => totals?.latencyUs?.p99 },
  { name: "cpu-guests", title: "CPU of guests for 100,000 I/Os", ...CPU, of: ({ cpuCost }) => cpuCost?.guests },
  { name: "cpu-targets", title: "CPU of targets for 100,000 I/Os", ...CPU, of: ({ cpuCost }) => cpuCost?.targets },
];

export const MEASURE_NAMES: readonly MeasureName[] = MEASURES.map(({ name }) => name);
