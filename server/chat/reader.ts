import { dialogId } from "../placement/dialog.ts";
import { LIMITS, type HistoryFrame } from "../protocol/frames.ts";
import type { Chat } from "./chat.ts";
import type { HistoryPage } from "./history.ts";
import type { Session } from "./session.ts";

/** Answers `history` frames. */
export interface Reader {
  read(session: Session, frame: HistoryFrame): void;
  /** Resolves when everything asked for so far is answered. */
  idle(): Promise<void>;
}

type ReadPage = (dialog: string, frame: HistoryFrame) => Promise<HistoryPage>;

/**
 * Reads the pages that one connection asks for one after another, the next when the last has left for the peer: a
 * page may be a megabyte, and a client that asks for hundreds and reads none must not make the server hold them.
 *
 * @param fault answers a frame whose page could not be read, for no reason that the store foresees
 */
export function createReader(readPage: ReadPage, fault: Chat["fault"]): Reader {
  const queues = new Map<Session, HistoryFrame[]>();
  const working = new Set<Promise<void>>();

  async function work(session: Session, queue: HistoryFrame[]): Promise<void> {
    for (let frame = queue.shift(); frame !== undefined && session.isOpen(); frame = queue.shift()) {
      await answer(session, frame);
    }
    queues.delete(session);
  }

  async function answer(session: Session, frame: HistoryFrame): Promise<void> {
    try {
      const page = await readPage(dialogId(session.user!, frame.with!), frame);
      const text = JSON.stringify({ type: "history", id: frame.id, ...page });
      await new Promise<void>((resolve) => session.send(text, resolve));
    } catch (error) {
      fault(session, error, frame.id);
    }
  }

  return {
    read(session, frame) {
      const queue = queues.get(session);
      if (queue === undefined) {
        const fresh = [frame];
        queues.set(session, fresh);
        const work_ = work(session, fresh).finally(() => working.delete(work_));
        working.add(work_);
      } else if (queue.length < LIMITS.frames) queue.push(frame);
      else session.refuse("RATE_LIMITED", `${LIMITS.frames} pages wait already; ask when they have come`, frame.id);
    },
    async idle() {
      await Promise.all(working);
    },
  };
}
