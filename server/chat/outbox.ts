import type { Guard } from "../guard.ts";

interface Flusher {
  flush(): void;
}

/** Writes what all connections have to send at the end of each turn of the event loop. */
export interface Outbox {
  /** The flusher has something to write: once a turn. */
  add(flusher: Flusher): void;
  /**
   * A message was given to its readers in this turn.
   * @param onWritten when it was written to their connections, on the clock of `performance`
   */
  delivered(onWritten?: ((at: number) => void) | null): void;
}

/**
 * One per server, so that a turn costs one timer for all connections.
 *
 * @param onDelivered the messages delivered in one turn, and the seconds from the first frame to the last write
 */
export function createOutbox(onDelivered: (messages: number, seconds: number) => void, guard: Guard): Outbox {
  // One connection that cannot be written to must not keep the others from being.
  const write = guard("writing to a connection", (flusher: Flusher) => flusher.flush());
  const tell = guard("delivered messages", onDelivered);
  const end = guard("traces", (onWritten: (at: number) => void, at: number) => onWritten(at));

  let dirty: Flusher[] = [];
  let written: ((at: number) => void)[] = [];
  let messages = 0;
  let since = 0;

  function flush(): void {
    const flushers = dirty;
    dirty = [];
    for (const flusher of flushers) write(flusher);
    if (messages === 0) return;
    const now = performance.now();
    tell(messages, (now - since) / 1_000);
    messages = 0;
    if (written.length === 0) return;
    const traced = written;
    written = [];
    for (const onWritten of traced) end(onWritten, now);
  }

  return {
    add(flusher) {
      if (dirty.push(flusher) > 1) return;
      since = performance.now();
      setImmediate(flush);
    },
    delivered(onWritten = null) {
      messages++;
      if (onWritten === null) return;
      // Nobody is there to be written to: neither the author nor a reader.
      if (dirty.length === 0) end(onWritten, performance.now());
      else written.push(onWritten);
    },
  };
}
