/** ln Γ(x) for x > 0 (Lanczos 1964, g = 5, n = 6; error below 2e-10). */
function logGamma(x: number): number {
  const series = [
    76.18009172947146, -86.5053203294168, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2,
    -0.5395239384953e-5,
  ].reduce((sum, coefficient, i) => sum + coefficient / (x + 1 + i), 1.000000000190015);
  return Math.log((2.506628274631 * series) / x) + (x + 0.5) * Math.log(x + 5.5) - (x + 5.5);
}

const TINY = 1e-300;

/** Continued fraction of the incomplete beta function by Lentz's method (Abramowitz & Stegun 1964, 26.5.8). */
function betaFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / (1 - ((a + b) * x) / (a + 1) || TINY);
  let fraction = d;
  for (let m = 1; m <= 500; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let step = 1;
    for (const term of [even, odd]) {
      d = 1 / (1 + term * d || TINY);
      c = 1 + term / c || TINY;
      step = c * d;
      fraction *= step;
    }
    if (Math.abs(step - 1) < 1e-14) break;
  }
  return fraction;
}

/** Regularised incomplete beta function I_x(a, b), 0 ≤ x ≤ 1. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(1 - x));
  if (x < (a + 1) / (a + b + 2)) return (front * betaFraction(x, a, b)) / a;
  return 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/**
 * P(T > t) of Student's distribution, for t of either sign (Abramowitz & Stegun 1964, 26.7.1).
 *
 * @param freedom degrees of freedom, > 0, need not be whole
 */
export function studentTail(t: number, freedom: number): number {
  if (Number.isNaN(t)) return Number.NaN;
  if (!Number.isFinite(t)) return t > 0 ? 0 : 1;
  const beyond = incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;
  return t >= 0 ? beyond : 1 - beyond;
}

/** The t that is exceeded with the chance `tail`, 0 < tail ≤ ½; found by halving, to 1e-9 of itself. */
export function studentQuantile(tail: number, freedom: number): number {
  let high = 1;
  while (studentTail(high, freedom) > tail && high < 1e12) high *= 2;
  let low = 0;
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (studentTail(middle, freedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
