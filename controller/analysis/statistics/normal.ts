/** Quantiles of the normal distribution and of Student's t. Source: Abramowitz and Stegun, 26.2.17, 26.5.8 and 26.7.1. */

/** The value below which the share p of a normal distribution lies, to 10 digits. */
export function normalQuantile(p: number): number {
  return bisect(normalCdf, p, 40);
}

/** The same of Student's t with `df` degrees of freedom. */
export function studentQuantile(p: number, df: number): number {
  return bisect((t) => studentCdf(t, df), p, 1e7);
}

export function studentCdf(t: number, df: number): number {
  const outside = incompleteBeta(df / (df + t * t), df / 2, 0.5) / 2;
  return t > 0 ? 1 - outside : outside;
}

export function normalCdf(z: number): number {
  const outside = upperGammaHalf((z * z) / 2) / 2;
  return z > 0 ? 1 - outside : outside;
}

function bisect(cdf: (value: number) => number, p: number, most: number): number {
  let [low, high] = [-most, most];
  for (let step = 0; step < 200 && high - low > 1e-12 * Math.max(1, Math.abs(low)); step++) {
    const middle = (low + high) / 2;
    if (cdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Q(1/2, x), which is erfc of the root of x: by its series where x is small, and by its continued fraction elsewhere. */
function upperGammaHalf(x: number): number {
  if (x === 0) return 1;
  const front = Math.exp(-x) * Math.sqrt(x / Math.PI);
  if (x < 1.5) {
    let [term, sum] = [2, 2];
    for (let n = 1; term > sum * 1e-17; n++) sum += term *= x / (0.5 + n);
    return 1 - front * sum;
  }
  let fraction = 0;
  for (let n = 200; n >= 1; n--) fraction = (n * (n - 0.5)) / (x + 2 * n + 0.5 - fraction);
  return front / (x + 0.5 - fraction);
}

/** I_x(a, b), by the continued fraction of A and S 26.5.8 in the form of Lentz. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x)) / a;
  let [c, d, product] = [1, 0, 1];
  for (let step = 0; step <= 400; step++) {
    const m = Math.floor(step / 2);
    const odd = step % 2 === 1;
    const top = odd ? -(a + m) * (a + b + m) * x : m * (b - m) * x;
    const below = odd ? (a + 2 * m) * (a + 2 * m + 1) : (a + 2 * m - 1) * (a + 2 * m);
    const part = step === 0 ? 1 : top / below;
    d = 1 / (1 + part * d);
    c = 1 + part / c;
    product *= c * d;
    if (Math.abs(1 - c * d) < 1e-15) break;
  }
  return front * (product - 1);
}

/** Lanczos, g = 7, n = 9: 15 digits for x >= 0.5. */
function logGamma(x: number): number {
  const t = x + 6.5;
  let sum = LANCZOS_FIRST;
  for (const [index, each] of LANCZOS.entries()) sum += each / (x + index);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

const LANCZOS_FIRST = 0.99999999999980993;
const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
