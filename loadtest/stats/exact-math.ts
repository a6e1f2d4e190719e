/**
 * Natural logarithm by the series of atanh, within 2 units of the last place. `Math.log` and `Math.exp` may differ in
 * the last bit between engines; the four basic operations are the same everywhere, and so is the traffic made with
 * them.
 *
 * @param x > 0, finite
 */
export function exactLog(x: number): number {
  let k = Math.floor(Math.log2(x));
  let m = x / 2 ** k;
  // Whatever the guess of the exponent was, m ends in [√½, √2).
  while (m >= Math.SQRT2) {
    m /= 2;
    k += 1;
  }
  while (m < Math.SQRT1_2) {
    m *= 2;
    k -= 1;
  }
  const s = (m - 1) / (m + 1);
  const q = s * s;
  let series = 0;
  for (let n = 21; n >= 1; n -= 2) series = series * q + 1 / n;
  return k * Math.LN2 + 2 * s * series;
}

/** e^x by halving of the exponent and Taylor's series, within 2 units of the last place. @param x −700 to 700 */
export function exactExp(x: number): number {
  const k = Math.floor(x / Math.LN2 + 0.5);
  const r = x - k * Math.LN2;
  let series = 1;
  for (let n = 14; n >= 1; n -= 1) series = 1 + (series * r) / n;
  return series * 2 ** k;
}

/** (e^x − 1) / x, 1 at 0. */
export function expm1Over(x: number): number {
  if (Math.abs(x) > 0.01) return (exactExp(x) - 1) / x;
  return 1 + (x / 2) * (1 + (x / 3) * (1 + (x / 4) * (1 + (x / 5) * (1 + x / 6))));
}

/** ln(1 + x) / x, 1 at 0. @param x > −1 */
export function log1pOver(x: number): number {
  if (Math.abs(x) > 0.01) return exactLog(1 + x) / x;
  return 1 - x * (1 / 2 - x * (1 / 3 - x * (1 / 4 - x * (1 / 5 - x * (1 / 6 - x / 7)))));
}
