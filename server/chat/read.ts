import { dialogId } from "../placement/dialog.ts";
import type { HistoryFrame } from "../protocol/frames.ts";
import { StaleReaderError, type HistoryPage } from "./history.ts";
import { READS_WAIT, type ReadQueue } from "./read-queue.ts";
import type { Fault } from "./send.ts";
import type { Session } from "./session.ts";

type ReadPage = (dialog: string, frame: HistoryFrame) => Promise<HistoryPage>;

/**
 * Answers `history` frames. The next read of a connection begins when the page has left for the peer: a client that
 * asks for hundreds of pages and takes none must not make the server hold them.
 *
 * @param fault answers a frame whose page could not be read, for no reason that the store foresees
 */
export function createRead(reads: ReadQueue, readPage: ReadPage, fault: Fault) {
  async function answer(session: Session, frame: HistoryFrame): Promise<void> {
    try {
      const page = await readPage(dialogId(session.user!, frame.with!), frame);
      const text = JSON.stringify({ type: "history", id: frame.id, ...page });
      await new Promise<void>((resolve) => session.send(text, resolve));
    } catch (error) {
      if (error instanceof StaleReaderError) session.refuse("STALE_TOPOLOGY", error.message, frame.id);
      else fault(session, error, frame.id);
    }
  }

  return function read(session: Session, frame: HistoryFrame): void {
    const place = reads.enter(session);
    if (place === null) session.refuse("OVERLOADED", READS_WAIT, frame.id);
    else place.read(() => answer(session, frame).finally(() => place.leave()));
  };
}
