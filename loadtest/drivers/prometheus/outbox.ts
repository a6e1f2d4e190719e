/** What became of one attempt to send. */
export interface Attempt {
  /** `again`: nobody answered, or the receiver asks for another try; `refused`: it will never take this one. */
  readonly outcome: "taken" | "again" | "refused";
  /** Why it was not taken. */
  readonly reason?: string;
}

/** What an outbox has done. */
export interface Account {
  readonly put: number;
  /** Of them those that never arrived. */
  readonly lost: number;
  /** Why the last one that was not taken was not; absent: all were. */
  readonly reason?: string;
}

/** Sends bodies in their order, one at a time, and keeps what cannot be sent yet, up to a limit. */
export interface Outbox {
  /** Never waits: beyond the limit the oldest is lost. What could not be sent is tried again with each of these. */
  put(body: Uint8Array<ArrayBuffer>): void;
  /** Sends what is left. @param deadline resolves when what is not sent by then is lost */
  end(deadline: Promise<void>): Promise<Account>;
}

/**
 * @param send one attempt; never rejects
 * @param most bodies that are kept
 */
export function createOutbox(send: (body: Uint8Array<ArrayBuffer>) => Promise<Attempt>, most: number): Outbox {
  const waiting: Uint8Array<ArrayBuffer>[] = [];
  let put = 0;
  let lost = 0;
  let reason: string | undefined;
  let sending: Promise<void> | null = null;

  async function drain(): Promise<void> {
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const attempt = await send(first);
      reason = attempt.reason ?? reason;
      if (attempt.outcome === "again") return;
      if (attempt.outcome === "refused") lost += 1;
      waiting.shift();
    }
  }

  return {
    put(body) {
      put += 1;
      waiting.push(body);
      if (waiting.length > most) {
        // The first may be on its way.
        waiting.splice(sending === null ? 0 : 1, 1);
        lost += 1;
      }
      sending ??= drain().finally(() => (sending = null));
    },
    async end(deadline) {
      await Promise.race([(sending ?? Promise.resolve()).then(drain), deadline]);
      return { put, lost: lost + waiting.length, ...(reason !== undefined && { reason }) };
    },
  };
}
