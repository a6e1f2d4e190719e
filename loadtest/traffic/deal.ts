import type { Lane, Action } from "./contract.ts";

/**
 * Shares lanes out to generators: the busiest first, each to the generator with the least so far. Every generator
 * works it out alone and all come to the same answer.
 *
 * @returns for each of `count` generators the indices of its lanes
 */
export function dealLanesOut(rates: readonly number[], count: number): number[][] {
  const hands = Array.from({ length: count }, () => ({ lanes: [] as number[], rate: 0 }));
  const order = rates.map((rate, index) => ({ rate, index })).sort((a, b) => b.rate - a.rate || a.index - b.index);
  for (const { rate, index } of order) {
    const [lightest] = [...hands].sort((a, b) => a.rate - b.rate || a.lanes.length - b.lanes.length);
    lightest!.lanes.push(index);
    lightest!.rate += rate;
  }
  return hands.map((hand) => hand.lanes);
}

/**
 * All lanes as one ascending stream. Of a closed model it is what would come if every answer came at once; with no time
 * to think between them it has no end.
 */
export function mergeLanes(lanes: readonly Lane[]): () => Action | null {
  const heads = lanes.map(nextOf);
  return () => {
    let first = -1;
    let firstAt = Number.POSITIVE_INFINITY;
    for (let index = 0; index < heads.length; index++) {
      const at = heads[index]?.at ?? Number.POSITIVE_INFINITY;
      if (at < firstAt) {
        first = index;
        firstAt = at;
      }
    }
    if (first < 0) return null;
    const planned = heads[first] ?? null;
    heads[first] = nextOf(lanes[first]!);
    return planned;
  };
}

function nextOf(lane: Lane): Action | null {
  const planned = lane.next();
  if (planned !== null) lane.loop?.answered(planned.at);
  return planned;
}
