import { LIMITS } from "../protocol/frames.ts";
import type { Session } from "./session.ts";

/** What one frame holds of its connection's queue until it is answered. */
export interface Place {
  /** Runs when the reads before it are done. It may be called again, from within too. @param work never rejects */
  read(work: () => Promise<void>): void;
  /** The frame is answered: the next may come. To leave twice does no harm. */
  leave(): void;
}

/** All that connections ask of the shards: pages of history, and first tries of messages that are sent again. */
export interface ReadQueue {
  /** @returns null when `LIMITS.reads` frames of this connection wait already */
  enter(session: Session): Place | null;
  /** For a message that was taken before: it may not be refused now. */
  reenter(session: Session): Place;
  /** Resolves when everything asked for so far is done. */
  idle(): Promise<void>;
}

interface Line {
  places: number;
  readonly waiting: (() => Promise<void>)[];
  isMoving: boolean;
}

/**
 * One queue a connection, one read of it at a time: a client that asks for thousands of things must not make the
 * server look for all of them at once, or hold them. What a closed connection still waits for is dropped.
 */
export function createReadQueue(): ReadQueue {
  const lines = new WeakMap<Session, Line>();
  const moving = new Set<Promise<void>>();

  async function move(session: Session, line: Line): Promise<void> {
    for (let work = line.waiting.shift(); work !== undefined; work = line.waiting.shift()) {
      if (session.isOpen()) await work();
    }
    line.isMoving = false;
  }

  function read(session: Session, line: Line, work: () => Promise<void>): void {
    line.waiting.push(work);
    if (line.isMoving) return;
    line.isMoving = true;
    const moved = move(session, line).finally(() => moving.delete(moved));
    moving.add(moved);
  }

  function lineOf(session: Session): Line {
    const line = lines.get(session) ?? { places: 0, waiting: [], isMoving: false };
    lines.set(session, line);
    return line;
  }

  function reenter(session: Session): Place {
    const line = lineOf(session);
    line.places += 1;
    let isThere = true;
    return {
      read: (work) => read(session, line, work),
      leave() {
        if (isThere) line.places -= 1;
        isThere = false;
      },
    };
  }

  return {
    enter: (session) => (lineOf(session).places >= LIMITS.reads ? null : reenter(session)),
    reenter,
    async idle() {
      await Promise.all(moving);
    },
  };
}

/** Why a frame was not taken. */
export const READS_WAIT = `${LIMITS.reads} reads of this connection wait already; ask when they have been answered`;
