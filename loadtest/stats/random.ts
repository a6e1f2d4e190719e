/** A seeded stream of random numbers; the same in every JavaScript engine. */
export interface Random {
  /** @returns an integer from 0 to 2^32 − 1 */
  readonly next: () => number;
  /** @returns a number in (0, 1), never 0 or 1, on a grid of 2^32 */
  readonly uniform: () => number;
  /** @returns an integer from 0 to n − 1, without modulo bias; `n` from 1 to 2^32 */
  readonly below: (n: number) => number;
  /** @returns an exponential variate of mean 1, > 0 */
  readonly exponential: () => number;
}

const TWO_32 = 4_294_967_296;

/**
 * Murmur3's 32-bit finalizer (Appleby): a bijection that scatters neighbouring seeds. @returns a signed 32-bit integer
 */
export function scatter(seed: number): number {
  let h = seed | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/**
 * −ln u by the series of atanh, error below 1e-12. `Math.log` may differ in the last bit between engines, and a
 * schedule adds up millions of gaps; the four basic operations are exact everywhere.
 */
function minusLog(word: number): number {
  const halvings = Math.clz32(word);
  // The half keeps u above 0 and shifts with the word, so that m lies in [0.5, 1].
  const m = (word + 0.5) * (2 ** halvings / TWO_32);
  const s = (m - Math.SQRT1_2) / (m + Math.SQRT1_2);
  const q = s * s;
  const series = 1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q / 15))))));
  return (halvings + 0.5) * Math.LN2 - 2 * s * series;
}

/**
 * sfc32, the small fast counting generator of Doty-Humphrey's PractRand: 128 bits of state, passes its whole battery.
 *
 * @param seed 0 to 2^32 − 1
 * @param stream 0 to 2^32 − 1; different streams of one seed are independent for every practical purpose
 */
export function createRandom(seed: number, stream: number): Random {
  let a = scatter(seed);
  let b = scatter(stream ^ 0x5bf03635);
  let c = 0x9e3779b9 | 0;
  let counter = 1;

  function next(): number {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  function below(n: number): number {
    const limit = TWO_32 - (TWO_32 % n);
    let word = next();
    while (word >= limit) word = next();
    return word % n;
  }

  for (let round = 0; round < 15; round++) next();
  return {
    next,
    uniform: () => (next() + 0.5) / TWO_32,
    below,
    exponential: () => minusLog(next()),
  };
}
