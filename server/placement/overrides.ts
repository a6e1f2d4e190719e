import { hashText, mix32 } from "./hash.ts";
import { parseDialog } from "./dialog.ts";
import { rendezvousOrder } from "./rendezvous.ts";
import type { Override, WeightedShard } from "./contract.ts";

const words = new Uint32Array(4);

/**
 * Which part of a split dialog holds a message. By author and client message id, so that a retry, which has another
 * message id, meets its first.
 *
 * @param parts number of parts, 1 to 2^20
 * @returns 0 to `parts` − 1
 */
export function splitPart(author: number, client: string, parts: number): number {
  hashText(client, mix32(mix32(author / 2 ** 32) ^ author) >>> 0, words);
  return Math.floor(((words[0] ?? 0) / 2 ** 32) * parts);
}

/**
 * Distinct shards for the parts of a split: the first k of the rendezvous order. Parts placed by a salted hash would
 * collide (8 parts on 8 shards: max/mean 1.80).
 */
export function splitShards(dialog: string, labels: readonly string[], k: number): string[] {
  return rendezvousOrder(dialog, labels).slice(0, k);
}

/**
 * Weights around a pinned dialog, so that its shard gets that much less of the rest: with one pin on N labels of equal
 * weight max/mean becomes max(1, N·p).
 *
 * @param shard where the dialog is pinned
 * @param share the dialog's share p of all messages, 0 to 1
 * @param before weights around the pins that are there already; absent: none
 * @returns the heaviest with weight 1, `shard` with N·p less than before; without it when that leaves nothing
 */
export function pinWeights(
  labels: readonly string[],
  shard: string,
  share: number,
  before: readonly WeightedShard[] = labels.map((label) => ({ label, weight: 1 })),
): WeightedShard[] {
  const heaviest = Math.max(...before.map(({ weight }) => weight));
  const relieved = before.map(({ label, weight }) => ({
    label,
    weight: weight / heaviest - (label === shard ? labels.length * share : 0),
  }));
  // A pin on the only shard leaves it the rest too.
  return relieved.length === 1 ? [...before] : relieved.filter(({ weight }) => weight > 0);
}

/** The override in words, for reports. */
export function describeOverride(override: Override): string {
  return override.action === "pin"
    ? `pin ${override.dialog} to ${override.shard}`
    : `split ${override.dialog} over ${override.shards.join(", ")}`;
}

/** The shards that may hold the dialog under the override. */
export function overrideShards(override: Override): readonly string[] {
  return override.action === "pin" ? [override.shard] : override.shards;
}

/** Everything wrong with a segment's overrides, in words. */
export function overrideFaults(overrides: readonly Override[]): string[] {
  const seen = new Set<string>();
  return overrides.flatMap((override) => {
    const { dialog } = override;
    const faults = parseDialog(dialog) === null ? [`"${dialog}" is not a dialog id (min_max or g_<group>)`] : [];
    if (seen.has(dialog)) faults.push(`dialog ${dialog} has two overrides`);
    seen.add(dialog);
    const shards = overrideShards(override);
    if (shards.length === 0) faults.push(`the split of ${dialog} names no shards`);
    if (new Set(shards).size < shards.length) faults.push(`the split of ${dialog} names a shard twice`);
    return faults;
  });
}
