import { SYSTEM_CLOCK, type WriterClock } from "../clock.ts";
import type { Guard } from "../guard.ts";
import type { Envelope, Probe } from "../observability/probe.ts";

interface Flusher {
  flush(): void;
}

/** Writes what all connections have to send at the end of each turn of the event loop. */
export interface Outbox {
  /** The flusher has something to write: once a turn. */
  add(flusher: Flusher): void;
  /** A message was given to its readers in this turn. */
  delivered(message: Envelope): void;
}

/**
 * One per server, so that a turn costs one timer for all connections.
 *
 * @param tell hears of the messages that were given to their readers in one turn, when they are written
 */
export function createOutbox(
  tell: Probe["delivered"],
  guard: Guard,
  clock: Pick<WriterClock, "now" | "soon"> = SYSTEM_CLOCK,
): Outbox {
  // One connection that cannot be written to must not keep the others from being.
  const write = guard("writing to a connection", (flusher: Flusher) => flusher.flush());
  const report = guard("delivered messages", tell);

  let dirty: Flusher[] = [];
  let messages: Envelope[] = [];
  let since = 0;
  let isDue = false;

  function flush(): void {
    isDue = false;
    const flushers = dirty;
    dirty = [];
    for (const flusher of flushers) write(flusher);
    if (messages.length === 0) return;
    const told = messages;
    messages = [];
    report(told, since, clock.now());
  }

  function wake(): void {
    if (isDue) return;
    isDue = true;
    since = clock.now();
    clock.soon(flush);
  }

  return {
    add(flusher) {
      dirty.push(flusher);
      wake();
    },
    delivered(message) {
      messages.push(message);
      // Nobody may be there to be written to: neither the author nor a reader.
      wake();
    },
  };
}
