import type { EdgeClock } from "../edge-clock.ts";

/** Pings without an answer after which a connection counts as dead. */
const MOST_MISSED = 2;
/** The slowest line that a reader may have, bytes a second. */
const SLOWEST_PER_S = 12_000;
/** What the kernel holds for a connection at most, about: the largest buffer of Linux' own settings, bytes. */
const MOST_UNDER_WAY = 4_194_304;

export interface HeartbeatOptions {
  readonly clock: EdgeClock;
  /** Time between two pings, ms; 0 sends none and takes nobody for dead. */
  readonly pingMs: number;
  /** Bytes that have come from the peer. */
  readonly bytesRead: () => number;
  /** Bytes that were given to the kernel for the peer. */
  readonly bytesWritten: () => number;
  /** @param payload comes back in the pong */
  readonly ping: (payload: string) => void;
  /** Called once; no ping follows. */
  readonly onDead: () => void;
}

export interface Heartbeat {
  /** The peer answered: it has read whatever was sent before that ping. */
  pong(payload: string): void;
  stop(): void;
}

/**
 * Pings a peer at an interval. Whatever it sends is a sign of life, a pong as well as a frame: a peer that talks need
 * not answer in time. One of whom nothing comes while two pings wait is dead, two to three intervals after its last
 * byte; but pings come after what was sent before them, so a peer that may be reading that on a slow line has the time
 * for it as well.
 */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { bytesRead, bytesWritten, clock, onDead, ping, pingMs } = options;
  let seen = bytesRead();
  let seenAt = clock.now();
  let missed = 0;
  /** Of what was sent, what the peer is known to have read, bytes. */
  let taken = bytesWritten();

  function mayBeReading(): boolean {
    const left = Math.min(bytesWritten() - taken, MOST_UNDER_WAY);
    return clock.now() - seenAt < (left / SLOWEST_PER_S) * 1_000;
  }

  function beat(): void {
    const read = bytesRead();
    if (read !== seen) {
      missed = 0;
      seenAt = clock.now();
    }
    seen = read;
    if (missed >= MOST_MISSED && !mayBeReading()) return onDead();
    missed += 1;
    ping(String(bytesWritten()));
    cancel = clock.after(pingMs, beat);
  }

  let cancel = pingMs === 0 ? () => {} : clock.after(pingMs, beat);
  return {
    pong(payload) {
      const position = Number(payload);
      if (position > taken && position <= bytesWritten()) taken = position;
    },
    stop: () => cancel(),
  };
}
