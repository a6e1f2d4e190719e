import { dialogId } from "../placement/dialog.ts";
import { isLostShard } from "../shards/contract.ts";
import type { Committed, Failed } from "../shards/row-queue.ts";
import type { Shard } from "../shards/shard.ts";
import { READS_WAIT } from "./read-queue.ts";
import type { SendParts, Way } from "./send.ts";
import type { Sending } from "./sending.ts";

/** The way of a message that its author marked as sent before, and of one that has to be sent again by the server. */
export interface Resend {
  /** Looks for its first try where the unique key does not, and else stores it. */
  send(sending: Sending): void;
  /** Looks for it again: the topology has gone on since it was looked for. */
  look(sending: Sending): void;
  /** Its commit found it stored already. */
  repeat(sending: Sending, stored: Committed): void;
  /** Whether it was not stored, or not known to be, because the topology has gone on: then it follows. */
  mayFollow(sending: Sending, why: Failed): boolean;
  /** Takes it where the newest topology says, as one that may be stored already. */
  follow(sending: Sending): void;
}

/** Changes of the topology that a message follows before its author is told. */
const MOST_FOLLOWED = 8;

/** All reads of a connection wait in one queue, and its resends with them. */
export function createResend({ deliver, follower, probe, reads, views }: SendParts, way: Way): Resend {
  /**
   * The message is stored already, and perhaps nobody was ever told: the answer to its commit was lost. So it is
   * delivered once more, as it is stored, and readers drop the twin. It is acknowledged when that is certain to happen.
   */
  async function repeat(sending: Sending, stored: Committed): Promise<void> {
    const shard = sending.shard!;
    const { rows } = await shard.history(sending.row!.dialog, (BigInt(stored.id) + 1n).toString(), 1);
    const [row] = rows;
    if (row?.id !== stored.id) {
      // A rebalance has moved it since.
      if (sending.followed < MOST_FOLLOWED) return followOn(sending);
      throw new Error(`shard ${shard.label}: message ${stored.id} is not where it was found`);
    }
    sending.place!.leave();
    way.acknowledge(sending, stored);
    deliver.again(sending, row);
  }

  /**
   * Rule R of docs/topology.md. The unique key of one shard does not see what another shard holds, so each that has
   * owned the message is asked; sealed first, so that no try of another node comes there afterwards. A new id is minted
   * only if nothing has changed since the first was asked.
   */
  async function lookUp(sending: Sending): Promise<void> {
    const { frame, user } = sending;
    const dialog = dialogId(user, frame.to);
    for (;;) {
      const view = views.current();
      const tries = view.triesOf(dialog, user, frame.id);
      // With one candidate the message meets its first try on that shard, by the unique key.
      if (tries.length <= 1) return way.store(sending);
      const ids = await findIn(tries, dialog, sending).catch((error: unknown) => {
        if (views.current() === view) throw error;
        return null;
      });
      if (ids === null) continue;
      const found = latest(tries, ids);
      if (found !== null) {
        sending.put(found.shard, dialog, found.id);
        return repeat(sending, { id: found.id, duplicate: true, found: true, queueMs: 0, commitMs: 0 });
      }
      if (views.current() === view) return way.store(sending);
    }
  }

  async function followOn(sending: Sending): Promise<void> {
    sending.followed += 1;
    if (sending.followed === 1) probe.followed(sending);
    await follower.refresh();
    await lookUp(sending);
  }

  async function findIn(tries: readonly Shard[], dialog: string, { frame, user }: Sending): Promise<(string | null)[]> {
    await Promise.all(tries.map((shard) => follower.seal(shard)));
    // The first try may still wait for its commit there, where a look-up does not see it.
    await Promise.all(tries.map((shard) => shard.writer.drain()));
    return Promise.all(tries.map((shard) => shard.find(dialog, user, frame.id)));
  }

  /** Whatever becomes of it, the frame is answered and its place is free. */
  function fail(sending: Sending, error: unknown): void {
    // No shard has refused it.
    sending.shard = null;
    if (!isLostShard(error)) return way.fail(sending, error);
    way.refuse(sending, { error: "SHARD_UNAVAILABLE", detail: "a shard that may hold the first try does not answer" });
  }

  function look(sending: Sending): void {
    sending.place ??= reads.reenter(sending.session);
    sending.place.read(() => lookUp(sending).catch((error: unknown) => fail(sending, error)));
  }

  return {
    look,
    send(sending) {
      sending.place = reads.enter(sending.session);
      if (sending.place === null) return way.refuse(sending, { error: "OVERLOADED", detail: READS_WAIT });
      look(sending);
    },
    repeat(sending, stored) {
      sending.place!.read(() => repeat(sending, stored).catch((error: unknown) => fail(sending, error)));
    },
    mayFollow({ followed, shard }, { error }) {
      if (followed === MOST_FOLLOWED) return false;
      return error === "STALE_TOPOLOGY" || (error === "SHARD_UNAVAILABLE" && views.current().lost(shard!));
    },
    follow(sending) {
      sending.place ??= reads.reenter(sending.session);
      sending.place.read(() => followOn(sending).catch((error: unknown) => fail(sending, error)));
    },
  };
}

/** The first of a message that was moved by a resend is the later one: its earlier twin is on a shard that was lost. */
function latest(shards: readonly Shard[], ids: readonly (string | null)[]): { shard: Shard; id: string } | null {
  let last: { shard: Shard; id: string } | null = null;
  for (const [index, id] of ids.entries()) {
    if (id !== null && (last === null || BigInt(id) > BigInt(last.id))) last = { shard: shards[index]!, id };
  }
  return last;
}
