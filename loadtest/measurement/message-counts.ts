import type { Measurement } from "./measurement.ts";

export const MESSAGE_COUNTS = [
  "planned",
  "sent",
  "resent",
  "refused",
  "unknown",
  "notConnected",
  "hotOffered",
  "delivered",
  "offline",
  "duplicated",
  "reordered",
] as const satisfies readonly (keyof Measurement)[];

/** Messages by what became of them, as in a `Measurement`: those of seconds, VUs and generators add up. */
export type MessageCounts = Record<(typeof MESSAGE_COUNTS)[number], number>;

/** @param of gives the count of a name */
export function messageCounts(of: (name: keyof MessageCounts) => number): MessageCounts {
  return Object.fromEntries(MESSAGE_COUNTS.map((name) => [name, of(name)])) as MessageCounts;
}
