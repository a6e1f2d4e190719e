import { createRandom } from "../../stats/random.ts";
import { createPicker, createThrower } from "../../stats/sampling.ts";
import { isFixed, keyOf, type SegmentPart } from "./segment-parts.ts";
import { simulateTrials, type Spread } from "./simulate.ts";
import { vectorClasses } from "./weight-classes.ts";

/**
 * Random numbers and additions that one simulation takes, about a second of them; more where the fewest trials need
 * more.
 */
const STEPS = 20_000_000;
const FEWEST = 400;
const MOST = 4_000;
/** Rounds of proportional fitting. */
const ROUNDS = 20;

/** Keys that lie alike under every segment. */
interface Cells {
  /** Of the key space, Σ = 1. */
  readonly shares: number[];
  /** By part of the run: the shard of each cell. */
  readonly shards: readonly Uint16Array[];
}

/**
 * Distribution of max/mean of a whole run when its topology changed on the way and the hash was perfect. A key that was
 * written under several segments is thrown once for all of them: how the places of one key are correlated (consistent
 * hashing leaves most where they were) is taken from the synthetic keys that every segment has placed. What
 * pins, splits and a placement by number put somewhere stays there.
 *
 * Deterministic; its time does not grow with the number of messages, and with dialogs only by one sort.
 *
 * @param labels number of the topology's shards
 */
export function simulateChange(parts: readonly SegmentPart[], labels: number): Spread {
  const fixed = new Float64Array(labels);
  const vectors = new Map<string, Float64Array>();
  let total = 0;
  for (const [p, { layout, loads }] of parts.entries()) {
    for (const load of loads) {
      total += load.messages;
      if (isFixed(layout, load.dialog)) {
        fixed[load.shard]! += load.messages;
        continue;
      }
      const key = keyOf(layout, load);
      let vector = vectors.get(key);
      if (vector === undefined) vectors.set(key, (vector = new Float64Array(parts.length)));
      vector[p]! += load.messages;
    }
  }
  const cells = cellsOf(parts, labels);
  const classes = vectorClasses([...vectors.values()]);
  const cost =
    classes.reduce((rest, { dialogs }) => rest + (dialogs === 1 ? 1 : cells.shares.length), 1) * parts.length;
  const trials = Math.max(FEWEST, Math.min(MOST, Math.round(STEPS / cost)));
  const random = createRandom(13, labels).uniform;
  const pick = createPicker(cells.shares);
  const toss = createThrower(cells.shares);
  const counts = new Float64Array(cells.shares.length);
  return simulateTrials(trials, fixed, total, (loads) => {
    const add = (weights: Float64Array, cell: number, keys: number) =>
      cells.shards.forEach((shards, p) => (loads[shards[cell]!]! += keys * weights[p]!));
    for (const { weights, dialogs } of classes) {
      if (dialogs === 1) {
        add(weights, pick(random), 1);
        continue;
      }
      counts.fill(0);
      toss(counts, random, dialogs, 1);
      counts.forEach((keys, cell) => keys > 0 && add(weights, cell, keys));
    }
  });
}

/**
 * The synthetic keys, those together that lie alike under all segments. What sampling adds to the shares of a shard is
 * taken out again by fitting them to the shares of every segment in turn (iterative proportional fitting; Deming &
 * Stephan 1940).
 */
function cellsOf(parts: readonly SegmentPart[], labels: number): Cells {
  const places = parts.map(({ layout }) => layout.places);
  const seen = new Map<string, { count: number; shards: number[] }>();
  for (let key = 0; key < places[0]!.length; key += 1) {
    const shards = places.map((one) => one[key]!);
    const name = shards.join();
    const known = seen.get(name);
    if (known === undefined) seen.set(name, { count: 1, shards });
    else known.count += 1;
  }
  const cells = [...seen.values()];
  let shares = cells.map(({ count }) => count / places[0]!.length);
  const shards = parts.map((_, p) => Uint16Array.from(cells, (cell) => cell.shards[p]!));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [p, { layout }] of parts.entries()) shares = fitted(shares, shards[p]!, layout, labels);
  }
  return { shares, shards };
}

/** Shares of cells that add up to those of one segment's shards. */
function fitted(shares: number[], shards: Uint16Array, layout: SegmentPart["layout"], labels: number): number[] {
  const now = new Float64Array(labels);
  shares.forEach((share, cell) => (now[shards[cell]!]! += share));
  const due = new Float64Array(labels);
  layout.shards.forEach((shard, i) => (due[shard] = layout.shares[i]!));
  return shares.map((share, cell) => (share * due[shards[cell]!]!) / now[shards[cell]!]!);
}
