import { ERRORS } from "../../../server/protocol/errors.ts";
import { DriveError } from "../drive-error.ts";
import { isFinalClose, openSession, SessionRefused, type Session, type SessionHandlers } from "./session.ts";
import { createToken } from "../token.ts";

/** Handshakes under way at once. */
const CONCURRENCY = 64;
const ATTEMPTS = 4;
const BACK_OFF_MS = { first: 100, most: 2_000 } as const;

/** The connections of the users that one generator has. */
export interface Connections {
  /** @returns the user's session, or null while it has none */
  session(user: number): Session | null;
  /** Connects everybody. @throws {DriveError} when somebody cannot be connected; resolves early at an abort */
  connect(signal: AbortSignal | undefined): Promise<void>;
  /** Connects one more user, in the course of the run; like a lost one it is tried again until it succeeds. */
  join(user: number): void;
  /** Stops reconnecting and closes all connections. */
  close(): Promise<void>;
  /** Connections that were refused or lost so far. */
  failures(): number;
  /** Times without a connection so far, of those that lost it or came later; moments of `performance.now()`. */
  absences(): readonly { readonly user: number; readonly from: number; readonly until: number | null }[];
}

/**
 * @param users ids of those to connect, ascending
 * @param handlers `onLost` is called before the user is connected again, which goes on with back-off until `close`
 */
export function createConnections(
  url: string,
  secret: string,
  users: readonly number[],
  handlers: SessionHandlers,
): Connections {
  const sessions: (Session | null)[] = Array.from({ length: (users.at(-1) ?? 0) + 1 }, () => null);
  const waiting = new Set<() => void>();
  const absences: { readonly user: number; readonly from: number; until: number | null }[] = [];
  const state = { closing: false };
  const createdAt = performance.now();
  let failures = 0;

  const watched: SessionHandlers = {
    ...handlers,
    onLost(session, code) {
      sessions[session.user] = null;
      handlers.onLost(session, code);
      if (!state.closing) failures += 1;
      if (!state.closing) absences.push({ user: session.user, from: performance.now(), until: null });
      if (!state.closing && !isFinalClose(code)) void reconnect(session.user);
    },
  };

  async function open(user: number): Promise<void> {
    const session = await openSession(url, user, createToken(secret, user), watched).catch((error: unknown) => {
      failures += 1;
      throw error;
    });
    if (state.closing) {
      await session.close();
      return;
    }
    sessions[user] = session;
    const absence = absences.findLast((one) => one.user === user);
    if (absence !== undefined) absence.until ??= performance.now();
  }

  async function pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      waiting.add(done);
    });
  }

  async function reconnect(user: number): Promise<void> {
    for (let wait: number = BACK_OFF_MS.first; !state.closing; wait = Math.min(2 * wait, BACK_OFF_MS.most)) {
      // Spread, so that a server that comes back is not met by everybody at once.
      await pause(wait * (0.5 + Math.random()));
      if (state.closing) return;
      try {
        await open(user);
        return;
      } catch (error) {
        if (error instanceof SessionRefused && isFinalClose(error.closeCode)) return;
      }
    }
  }

  async function connectOne(user: number): Promise<void> {
    for (let attempt = 1; !state.closing; attempt++) {
      try {
        await open(user);
        return;
      } catch (error) {
        const final = error instanceof SessionRefused && isFinalClose(error.closeCode);
        if (final || attempt === ATTEMPTS) throw explain(error, url, user);
        await pause(BACK_OFF_MS.first * 2 ** attempt);
      }
    }
  }

  return {
    session: (user) => sessions[user] ?? null,
    async connect(signal) {
      let next = 0;
      const stop = () => void (next = users.length);
      if (signal?.aborted === true) stop();
      signal?.addEventListener("abort", stop, { once: true });
      const worker = async () => {
        for (let user = users[next++]; user !== undefined && !state.closing; user = users[next++]) {
          await connectOne(user);
        }
      };
      try {
        await Promise.all(Array.from({ length: Math.min(CONCURRENCY, users.length) }, worker));
      } finally {
        signal?.removeEventListener("abort", stop);
      }
    },
    join(user) {
      // It was not there from the beginning: what it missed until it is, is nobody's fault.
      absences.push({ user, from: createdAt, until: null });
      void open(user).catch(async () => reconnect(user));
    },
    async close() {
      state.closing = true;
      for (const wake of waiting) wake();
      await Promise.all(sessions.map(async (session) => session?.close()));
    },
    failures: () => failures,
    absences: () => absences,
  };
}

function explain(error: unknown, url: string, user: number): DriveError {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof SessionRefused && error.closeCode === ERRORS.UNAUTHENTICATED.close) {
    const remedy = "give server and generator the same HOTSHARD_SECRET";
    return new DriveError("TOKEN_REFUSED", `${url} refused the token of user ${user} (${reason}); ${remedy}.`);
  }
  const remedy = "start the server, or correct the address or the limit of open files";
  return new DriveError("UNREACHABLE", `user ${user} cannot connect to ${url} (${reason}); ${remedy}.`);
}
