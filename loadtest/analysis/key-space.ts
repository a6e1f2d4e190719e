import { createRandom } from "../traffic/random.ts";

const USERS = 2 ** 31;

/**
 * The shares of the key space that a placement really gives its shards: where many synthetic dialogs (random pairs of
 * users) fall. What sampling alone explains is taken out again by shrinking towards the intended shares (positive-part
 * James–Stein; Efron & Morris 1973), so that an even placement comes out exactly even and an uneven one as it is.
 *
 * @param place shard index of a dialog id, pins and splits left out
 * @param intended share that each shard is meant to get by its weight, Σ = 1; 0 for a drained shard
 * @param dialogs synthetic dialogs; the standard error of a share s is √(s/dialogs)
 */
export function keySpaceShares(
  place: (dialog: string) => number,
  intended: readonly number[],
  dialogs = 100_000,
): number[] {
  const random = createRandom(0x5eed, 0);
  const seen = new Float64Array(intended.length);
  for (let i = 0; i < dialogs; i += 1) {
    const a = 1 + random.below(USERS);
    const b = 1 + random.below(USERS);
    const shard = place(a < b ? `${a}_${b}` : `${b}_${a}`);
    seen[shard]! += 1;
  }
  let noise = 0;
  let spread = 0;
  intended.forEach((share, shard) => {
    noise += (share * (1 - share)) / dialogs;
    spread += (seen[shard]! / dialogs - share) ** 2;
  });
  const kept = spread > 0 ? Math.max(0, 1 - noise / spread) : 0;
  return intended.map((share, shard) => share + kept * (seen[shard]! / dialogs - share));
}
