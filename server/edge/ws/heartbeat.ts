import type { EdgeClock } from "../edge-clock.ts";

/** Pings without an answer after which a connection counts as dead. */
const MOST_MISSED = 2;

export interface HeartbeatOptions {
  readonly clock: EdgeClock;
  /** Time between two pings, ms; 0 sends none and takes nobody for dead. */
  readonly pingMs: number;
  /** Bytes that have come from the peer. */
  readonly bytesRead: () => number;
  readonly ping: () => void;
  /** Called once; no ping follows. */
  readonly onDead: () => void;
}

/**
 * Pings a peer at an interval. Whatever it sends is a sign of life, a pong as well as a frame: a peer that talks need not
 * answer in time. One of whom nothing comes while two pings wait is dead, two to three intervals after its last byte.
 *
 * @returns a function that ends it
 */
export function startHeartbeat({ clock, pingMs, bytesRead, ping, onDead }: HeartbeatOptions): () => void {
  let seen = bytesRead();
  let missed = 0;

  function beat(): void {
    const read = bytesRead();
    if (read !== seen) missed = 0;
    seen = read;
    if (missed === MOST_MISSED) return onDead();
    missed += 1;
    ping();
    cancel = clock.after(pingMs, beat);
  }

  let cancel = pingMs === 0 ? () => {} : clock.after(pingMs, beat);
  return () => cancel();
}
