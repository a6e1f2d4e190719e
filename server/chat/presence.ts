import type { Session } from "./session.ts";

const NOBODY: ReadonlySet<Session> = new Set();

export interface Presence {
  join(user: number, session: Session): void;
  leave(user: number, session: Session): void;
  /** Live connections of a user, none when offline. */
  of(user: number): ReadonlySet<Session>;
}

/** Which connections each user has on this node. */
export function createPresence(): Presence {
  const sessions = new Map<number, Set<Session>>();
  return {
    join(user, session) {
      const own = sessions.get(user);
      if (own === undefined) sessions.set(user, new Set([session]));
      else own.add(session);
    },
    leave(user, session) {
      const own = sessions.get(user);
      if (own?.delete(session) === true && own.size === 0) sessions.delete(user);
    },
    of: (user) => sessions.get(user) ?? NOBODY,
  };
}
