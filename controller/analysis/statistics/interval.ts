/** How sure every interval here is at least. */
export const CONFIDENCE = 0.95;

/** Two values between which the true one lies. */
export interface Interval {
  readonly type: "interval";
  readonly low: number;
  readonly high: number;
  /** The probability that such an interval holds the true value: at least CONFIDENCE, as ranks come in steps. */
  readonly confidence: number;
}

/** The least and the greatest value that were seen. There are too few values to say where the true one lies. */
export interface Range {
  readonly type: "range";
  readonly low: number;
  readonly high: number;
}

export type Spread = Interval | Range;
