/**
 * −ln(u), by additions, multiplications and divisions only.
 *
 * Those are rounded the same in every engine; `Math.log` is not, and one different last bit could place a dialog on
 * another shard in k6 than in Node. The logarithm of the mantissa is 2·artanh((m − 1)/(m + 1)), cut after eight terms.
 *
 * @param u above 0, below 1
 * @returns above 0, with a relative error below 1e-12
 */
export function negativeLog(u: number): number {
  let mantissa = u;
  let halvings = 0;
  while (mantissa < 0.7) {
    mantissa *= 2;
    halvings += 1;
  }
  const s = (1 - mantissa) / (1 + mantissa);
  const z = s * s;
  const tail = z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * (1 / 13 + z / 15))))));
  return halvings * Math.LN2 + 2 * (s + s * tail);
}
