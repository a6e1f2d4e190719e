import type { ErrorCode } from "../protocol/errors.ts";
import type { Frame } from "./frame.ts";

/** One connection as the chat sees it. */
export interface Session {
  /** Id of the request that opened the connection: log lines name it. */
  readonly id: string;
  /** Null before `hello`. */
  user: number | null;
  /** False once it is closed, by whomever: what the peer still sends is not looked at. */
  isOpen(): boolean;
  /**
   * Queues one frame, or its JSON; what is queued in one turn of the loop leaves together.
   * @param onGone when it has left for the peer, or never will
   */
  send(frame: string | Frame, onGone?: () => void): void;
  /** Sends a ping, and closes the connection of a peer that does not read. */
  ping(payload: string): void;
  /** Sends the error frame; the connection goes on whatever the code says. */
  refuse(code: ErrorCode, detail: string, id?: string): void;
  /** Sends the error frame and closes the connection if the code says so. */
  fail(code: ErrorCode, detail: string, id?: string): void;
  /** Flushes what is queued and closes. */
  close(code: number, reason: string): void;
  /** Closes for a peer that does not read: what is queued is dropped, and no error frame is sent. */
  abandon(code: "SLOW_READER" | "UNRESPONSIVE"): void;
}
