/** Draws that depend on a seed alone. */
export interface Random {
  /** 0 ≤ x < 1 */
  next: () => number;
  /** 0 to `below` − 1 */
  int(below: number): number;
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(list: readonly T[]): T;
}

/** sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state, of which the seed sets the last word. */
export function createRandom(seed: number): Random {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162 ^ Math.floor(seed / 2 ** 32);
  let d = seed | 0;

  function next(): number {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 2 ** 32;
  }
  for (let i = 0; i < 16; i++) next();

  const int = (below: number): number => Math.floor(next() * below);
  return {
    next,
    int,
    between: (least, most) => least + next() * (most - least),
    chance: (probability) => next() < probability,
    pick: (list) => list[int(list.length)]!,
  };
}
