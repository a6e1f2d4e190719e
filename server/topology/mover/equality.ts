import type { MessageKey } from "../../shards/moves.ts";
import type { MoverShard } from "./contract.ts";

/** Whether two shards hold all of these rows, and each of them alike: by the word of both databases. */
export async function holdAlike(one: MoverShard, other: MoverShard, keys: readonly MessageKey[]): Promise<boolean> {
  const [here, there] = await Promise.all([one.digest(keys), other.digest(keys)]);
  return here.rows === keys.length && there.rows === keys.length && here.sum === there.sum;
}

/** Of these keys, those that the two shards hold alike. */
export async function alike(
  one: MoverShard,
  other: MoverShard,
  keys: readonly MessageKey[],
): Promise<readonly MessageKey[]> {
  if (await holdAlike(one, other, keys)) return keys;
  if (keys.length === 1) return [];
  const middle = keys.length >> 1;
  const first = await alike(one, other, keys.slice(0, middle));
  return [...first, ...(await alike(one, other, keys.slice(middle)))];
}

export function keysOf(rows: readonly MessageKey[]): MessageKey[] {
  return rows.map(({ dialog, id }) => ({ dialog, id }));
}
