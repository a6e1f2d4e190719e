/** What a thread answers to one request. */
export interface SqliteReply {
  readonly value?: unknown;
  readonly failed?: {
    readonly kind: "config" | "store";
    readonly code: string;
    readonly message: string;
    readonly maybeStored: boolean;
  };
}

/** IOERR, CORRUPT: what was under way may be on the disk, and the connection is not to be trusted. */
export const UNSURE: ReadonlySet<number> = new Set([10, 11]);

/** SQLite's primary result code (sqlite.org/rescode.html), or null when SQLite did not fail. */
export function primary(error: unknown): number | null {
  const code = (error as { errcode?: unknown }).errcode;
  return typeof code === "number" ? code & 0xff : null;
}

/** The thread has no connection: it was just started, or what it had is not to be trusted. */
export const NOT_OPEN = "NOT_OPEN";
