/** A shard as its health is judged: by what was asked of it. */
export interface Patient {
  readonly label: string;
  /** Its last commit failed: then only a write shows that it takes writes again. */
  failsWrites(): boolean;
  /** When it last stored a message, by the clock of `createHealth`; −∞ before it did. */
  storedAt(): number;
  /** Reads from it. Rejects when it does not answer. */
  ping(): Promise<void>;
  /** Writes to it, in place of a message. Rejects when it cannot. */
  touch(): Promise<void>;
}

/** Since when shards answer, or do not; moments in ms of one clock. */
export interface Health {
  /**
   * Asks every shard that does not owe an answer, and that no message has asked just now. Call it again and again,
   * about as often as `everyMs`.
   */
  ask(patients: readonly Patient[]): void;
  /** For how long it has not answered; 0 when its last answer was good, or it was never asked. */
  illMs(label: string): number;
  /** For how long every answer was good. */
  wellMs(label: string): number;
  forget(label: string): void;
}

interface Record {
  /** The first question that had no good answer since the last that had; null when there is none. */
  ill: number | null;
  /** The first good answer since the last that was none. */
  well: number | null;
  waiting: number | null;
}

/**
 * Judges shards by probes. A probe under way counts from when it was sent, so a database that is stopped, and answers
 * nothing at all, is as ill as one that refuses.
 *
 * @param everyMs between two calls of `ask`: after a gap of more than four of them this process stood still itself, and
 *   what it has not heard says nothing
 */
export function createHealth(now: () => number, everyMs: number): Health {
  const records = new Map<string, Record>();
  let asked = now();

  /** So long without an answer is not well. */
  const isLate = (sent: number): boolean => now() - sent > everyMs;

  function answer(record: Record, sent: number, isGood: boolean): void {
    // Of a time before this process stood still.
    if (record.waiting !== sent) return;
    record.waiting = null;
    if (isGood) {
      record.ill = null;
      if (isLate(sent)) record.well = now();
      else record.well ??= now();
    } else {
      record.well = null;
      record.ill ??= sent;
    }
  }

  return {
    ask(patients) {
      const at = now();
      if (at - asked > 4 * everyMs) for (const record of records.values()) Object.assign(record, fresh());
      asked = at;
      for (const patient of patients) {
        const record = records.get(patient.label) ?? fresh();
        records.set(patient.label, record);
        if (at - patient.storedAt() < everyMs && !patient.failsWrites()) {
          record.waiting = at;
          answer(record, at, true);
          continue;
        }
        if (record.waiting !== null) continue;
        record.waiting = at;
        const probe = patient.failsWrites() ? patient.touch() : patient.ping();
        probe.then(
          () => answer(record, at, true),
          () => answer(record, at, false),
        );
      }
    },
    illMs(label) {
      const { ill, waiting } = records.get(label) ?? fresh();
      const since = ill ?? waiting;
      return since === null ? 0 : now() - since;
    },
    wellMs(label) {
      const { waiting, well } = records.get(label) ?? fresh();
      return well === null || (waiting !== null && isLate(waiting)) ? 0 : now() - well;
    },
    forget: (label) => void records.delete(label),
  };
}

function fresh(): Record {
  return { ill: null, well: null, waiting: null };
}
