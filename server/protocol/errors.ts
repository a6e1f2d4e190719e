/** What became of a `send` that was answered with this code, as far as its author can know. */
export type Outcome =
  /** Nothing was stored and nothing will be. */
  | "refused"
  /** It may have been stored: ask again with the same id, or look it up. */
  | "unknown";

interface ErrorRow {
  /** Whether the same frame may succeed later without a change. */
  readonly retryable: boolean;
  readonly outcome: Outcome;
  /** Status of an HTTP answer with this code. */
  readonly http: number;
  /** WebSocket close code sent after the error frame, if the connection cannot go on. */
  readonly close?: number;
  /** What it means and what to do: one sentence for the documentation. */
  readonly meaning: string;
}

/**
 * Every error code of the wire. The frames, the close codes, the label of `chat_errors_total` and `docs/protocol.md`
 * all read this table. Close codes 4000–4099 ask the client not to reconnect, 4100–4199 to reconnect with back-off.
 */
export const ERRORS = {
  BAD_FRAME: {
    http: 400,
    retryable: false,
    outcome: "refused",
    meaning:
      "The frame is not what the protocol allows; nothing of this WebSocket message was applied. Mend the client.",
  },
  UNAUTHENTICATED: {
    http: 401,
    retryable: false,
    outcome: "refused",
    close: 4001,
    meaning: "No valid token came in time, or it has ended. Get a fresh one before the next try.",
  },
  TOO_LARGE: {
    http: 413,
    retryable: false,
    outcome: "refused",
    close: 1009,
    meaning:
      "The WebSocket message is larger than `limits.bytes`, or 16 KiB came before `hello`. Send fewer frames at once.",
  },
  RATE_LIMITED: {
    http: 429,
    retryable: true,
    outcome: "refused",
    meaning: "This connection sends faster than the server allows. Slow down, then resend.",
  },
  OVERLOADED: {
    http: 503,
    retryable: true,
    outcome: "refused",
    meaning:
      "A queue is full, the shard's or this connection's of reads: the frame was not taken. Back off, then resend.",
  },
  SHARD_UNAVAILABLE: {
    http: 503,
    retryable: true,
    outcome: "unknown",
    meaning: "The shard does not answer; the message may or may not be stored. Resend with the same id.",
  },
  UNSTORABLE: {
    http: 422,
    retryable: false,
    outcome: "refused",
    meaning: "The database refuses this message alone; nothing of it is stored. The server's log has the reason.",
  },
  STALE_TOPOLOGY: {
    http: 503,
    retryable: true,
    outcome: "refused",
    meaning:
      "This server may not write there any more, or mint no message ids now: nothing was stored. Resend with the same id.",
  },
  SHUTTING_DOWN: {
    http: 503,
    retryable: true,
    outcome: "refused",
    close: 4100,
    meaning: "The server is stopping and took nothing of this message. Reconnect and resend.",
  },
  SLOW_READER: {
    http: 503,
    retryable: true,
    outcome: "unknown",
    close: 4101,
    meaning: "The client does not read what it is sent. Reconnect and read the history.",
  },
  UNRESPONSIVE: {
    http: 503,
    retryable: true,
    outcome: "unknown",
    close: 4102,
    meaning: "Nothing came from the client while two pings waited for a pong. Reconnect and read the history.",
  },
  TOO_MANY_CONNECTIONS: {
    http: 503,
    retryable: true,
    outcome: "refused",
    close: 4103,
    meaning: "The server, or this user, has as many connections as are allowed. Close another, or come back later.",
  },
  FORBIDDEN: {
    http: 403,
    retryable: false,
    outcome: "refused",
    meaning: "The token does not give the right to do this.",
  },
  NOT_FOUND: { http: 404, retryable: false, outcome: "refused", meaning: "There is no such thing here." },
  INTERNAL: {
    http: 500,
    retryable: true,
    outcome: "unknown",
    meaning: "A fault of the server, logged there. Resend with the same id.",
  },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** Every error code, in the order of the table. */
export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

/** The close code that follows an error frame with this code; undefined when the connection goes on. */
export function closeCodeOf(code: ErrorCode): number | undefined {
  const row: ErrorRow = ERRORS[code];
  return row.close;
}
