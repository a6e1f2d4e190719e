import type { Delivery } from "../fabric/contract.ts";
import type { MessageRow } from "../shards/contract.ts";
import { createFrame } from "./frame.ts";
import { messageFrame } from "./frame-text.ts";
import type { Outbox } from "./outbox.ts";
import type { Presence } from "./presence.ts";
import type { Sending } from "./sending.ts";

/** Up to so many connections it costs less to write the text anew than to make bytes that they share. */
const FEW = 3;

interface DeliverParts {
  readonly presence: Presence;
  readonly fabric: Delivery;
  readonly outbox: Outbox;
}

/** To readers, and to the author's other connections. */
export interface Deliver {
  /** A message that was stored now. */
  first(sending: Sending): void;
  /** One that was stored before, and perhaps nobody was told: readers drop the twin. @param row as it is stored */
  again(sending: Sending, row: MessageRow): void;
}

/** Delivers to the connections of this node, and publishes for those of others. */
export function createDeliver({ fabric, outbox, presence }: DeliverParts): Deliver {
  fabric.onDeliver((users, text) => {
    const frame = createFrame(text);
    for (const user of users) for (const session of presence.of(user)) session.send(frame);
  });

  function give(sending: Sending, row: MessageRow, text: string): void {
    const readers = presence.of(row.recipient);
    const own = presence.of(row.author);
    const frame = readers.size + own.size > FEW ? createFrame(text) : text;
    for (const reader of readers) reader.send(frame);
    sending.readers = readers.size;
    for (const twin of own) {
      if (twin === sending.session) continue;
      twin.send(frame);
      sending.twins += 1;
    }
    fabric.publish([row.recipient, row.author], text);
  }

  return {
    first(sending) {
      const { row, shard, traceparent } = sending;
      give(sending, row!, messageFrame(row!, shard!.label, { traceparent }));
      outbox.delivered(sending);
    },
    again: (sending, row) => give(sending, row, messageFrame(row, sending.shard!.label, { resend: true })),
  };
}
