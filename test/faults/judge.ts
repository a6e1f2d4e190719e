import type { HistoryMessage } from "../../server/protocol/frames.ts";
import { compareIds } from "../../server/placement/message-id.ts";
import type { Said } from "./talker.ts";

/** What a run with faults came to. */
export interface Judgment {
  readonly said: number;
  /** Acknowledged, and not in the history. */
  readonly lost: string[];
  /** In the history more than once. */
  readonly twice: string[];
  /** Before a message of the same author and dialog that was acknowledged before this one was sent. */
  readonly reordered: string[];
  /** In the history with another text, or that nobody said. */
  readonly strange: string[];
  /** Acknowledged with another id than the history has: only a lost shard may do that, once. */
  readonly moved: number;
}

/** @param history every message of every dialog, ascending by id in each */
export function judge(said: readonly Said[], history: readonly HistoryMessage[]): Judgment {
  const found = new Map<string, HistoryMessage[]>();
  for (const message of history) found.set(message.client, [...(found.get(message.client) ?? []), message]);
  const known = new Map(said.map((one) => [one.client, one]));
  const lost: string[] = [];
  const twice: string[] = [];
  const reordered: string[] = [];
  let moved = 0;
  for (const one of said) {
    const [first, ...rest] = found.get(one.client) ?? [];
    const words = `${one.client} to ${one.to}`;
    if (rest.length > 0) twice.push(`${words}: ids ${[first!, ...rest].map(({ message }) => message).join(", ")}`);
    if (one.acks.size === 0) continue;
    if (first === undefined) {
      lost.push(`${words}: acknowledged as ${[...one.acks].join(", ")}`);
      continue;
    }
    const isMoved = !one.acks.has(first.message);
    if (isMoved) moved++;
    const before = one.after === null ? undefined : known.get(one.after);
    const earlier = before === undefined ? undefined : found.get(before.client)?.[0];
    // One that has moved has another place than its author was told.
    if (earlier === undefined || isMoved || !before!.acks.has(earlier.message)) continue;
    if (compareIds(earlier.message, first.message) > 0)
      reordered.push(`${words}: ${first.message} < ${earlier.message}`);
  }
  const strange = history
    .filter(({ client, from, text }) => known.get(client)?.author !== from || text !== `${from} ${client}`)
    .map(({ client, message }) => `${client} as ${message}`);
  return { said: said.length, lost, twice, reordered, strange, moved };
}
