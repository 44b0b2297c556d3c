/** How far values of one group lie apart. */

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard deviation of the sample, with n - 1. Undefined for fewer than two values. */
export function standardDeviation(values: readonly number[]): number | undefined {
  if (values.length < 2) return undefined;
  const middle = mean(values);
  const squares = values.reduce((sum, value) => sum + (value - middle) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** The standard deviation as a share of the mean; undefined of fewer than two values, or of a mean of 0. */
export function variation(values: readonly number[]): number | undefined {
  const deviation = standardDeviation(values);
  const middle = mean(values);
  return deviation === undefined || middle === 0 ? undefined : deviation / Math.abs(middle);
}
