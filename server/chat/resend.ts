import { dialogId } from "../placement/dialog.ts";
import { isLostShard } from "../shards/contract.ts";
import type { Committed } from "../shards/row-queue.ts";
import type { Shard } from "../shards/shard.ts";
import { READS_WAIT } from "./read-queue.ts";
import type { SendParts, Way } from "./send.ts";
import type { Sending } from "./sending.ts";

/** The way of a message that its author marked as sent before. */
export interface Resend {
  /** Looks for its first try where the unique key does not, and else stores it. */
  send(sending: Sending): void;
  /** Its commit found it stored already. */
  repeat(sending: Sending, stored: Committed): void;
}

/** All reads of a connection wait in one queue, and its resends with them. */
export function createResend({ deliver, reads, views }: SendParts, way: Way): Resend {
  /**
   * The message is stored already, and perhaps nobody was ever told: the answer to its commit was lost. So it is
   * delivered once more, as it is stored, and readers drop the twin. It is acknowledged when that is certain to happen.
   */
  async function repeat(sending: Sending, stored: Committed): Promise<void> {
    const shard = sending.shard!;
    const { rows } = await shard.history(sending.row!.dialog, (BigInt(stored.id) + 1n).toString(), 1);
    const [row] = rows;
    if (row?.id !== stored.id) throw new Error(`shard ${shard.label}: message ${stored.id} is not where it was found`);
    sending.place!.leave();
    way.acknowledge(sending, stored);
    deliver.again(sending, row);
  }

  /** The unique key of one shard does not see what another shard holds, so those are asked. */
  async function findFirst(sending: Sending, dialog: string, tries: readonly Shard[]): Promise<void> {
    const { frame, user } = sending;
    // The first try may still wait for its commit there, where a look-up does not see it.
    await Promise.all(tries.map((shard) => shard.writer.drain()));
    const ids = await Promise.all(tries.map((shard) => shard.find(dialog, user, frame.id)));
    const found = ids.findIndex((id) => id !== null);
    if (found === -1) return way.store(sending);
    const id = ids[found]!;
    sending.put(tries[found]!, dialog, id);
    await repeat(sending, { id, duplicate: true, found: true, queueMs: 0, commitMs: 0 });
  }

  /** Whatever becomes of it, the frame is answered and its place is free. */
  function fail(sending: Sending, error: unknown): void {
    // No shard has refused it.
    sending.shard = null;
    if (!isLostShard(error)) return way.fail(sending, error);
    way.refuse(sending, { error: "SHARD_UNAVAILABLE", detail: "a shard that may hold the first try does not answer" });
  }

  return {
    send(sending) {
      const { frame, session, user } = sending;
      sending.place = reads.enter(session);
      if (sending.place === null) return way.refuse(sending, { error: "OVERLOADED", detail: READS_WAIT });
      const dialog = dialogId(user, frame.to);
      const tries = views.current().triesOf(dialog, user, frame.id);
      // With one candidate the message meets its first try on that shard, by the unique key.
      const first = tries.length <= 1 ? async () => way.store(sending) : () => findFirst(sending, dialog, tries);
      sending.place.read(() => first().catch((error: unknown) => fail(sending, error)));
    },
    repeat(sending, stored) {
      sending.place!.read(() => repeat(sending, stored).catch((error: unknown) => fail(sending, error)));
    },
  };
}
