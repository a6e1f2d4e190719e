interface Flusher {
  flush(): void;
}

/** Writes what all connections have to send at the end of each turn of the event loop. */
export interface Outbox {
  /** The flusher has something to write: once a turn. */
  add(flusher: Flusher): void;
  /** A message was given to its readers in this turn. */
  delivered(): void;
}

/**
 * One per server, so that a turn costs one timer for all connections.
 *
 * @param onDelivered the messages delivered in one turn, and the seconds from the first frame to the last write
 */
export function createOutbox(onDelivered: (messages: number, seconds: number) => void): Outbox {
  let dirty: Flusher[] = [];
  let messages = 0;
  let since = 0;

  function flush(): void {
    const flushers = dirty;
    dirty = [];
    for (const flusher of flushers) flusher.flush();
    if (messages === 0) return;
    onDelivered(messages, (performance.now() - since) / 1_000);
    messages = 0;
  }

  return {
    add(flusher) {
      if (dirty.push(flusher) > 1) return;
      since = performance.now();
      setImmediate(flush);
    },
    delivered() {
      messages++;
    },
  };
}
