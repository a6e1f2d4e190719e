/** Start of the clock inside message ids: 2024-01-01T00:00:00Z, in Unix milliseconds. */
export const ID_EPOCH_MS = 1_704_067_200_000;
/** Bits below the milliseconds: a counter within one millisecond, then the node that minted the id. */
const COUNTER_BITS = 12;
const NODE_BITS = 10;
/** Largest values of the parts. 41 bits of milliseconds last until 2093; the id stays below 2^63. */
export const MAX_ID_MS = 2 ** 41 - 1;
export const MAX_COUNTER = 2 ** COUNTER_BITS - 1;
export const MAX_NODE = 2 ** NODE_BITS - 1;
export const MAX_MESSAGE_ID = 2n ** 63n - 1n;

/** Bits of an id below its milliseconds since the start of the clock. */
export const TIME_SHIFT = COUNTER_BITS + NODE_BITS;
const SHIFT = BigInt(TIME_SHIFT);

/**
 * Puts a message id together. Nothing is checked: the clock that mints calls this once a message.
 *
 * @param ms Unix milliseconds, from `ID_EPOCH_MS` to `ID_EPOCH_MS + MAX_ID_MS`
 * @param counter 0 to `MAX_COUNTER`
 * @param node 0 to `MAX_NODE`
 * @returns 0 to 2^63 − 1, ordered by ms, then counter, then node
 */
export function composeId(ms: number, counter: number, node: number): bigint {
  return (BigInt(ms - ID_EPOCH_MS) << SHIFT) + BigInt(counter * 2 ** NODE_BITS + node);
}

/** @returns Unix milliseconds at which the id was minted, by its node's clock */
export function messageTime(id: bigint): number {
  return Number(id >> SHIFT) + ID_EPOCH_MS;
}

/** Orders two canonical decimal ids without parsing them: below 0, 0, or above 0, for `sort`. */
export function compareIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
