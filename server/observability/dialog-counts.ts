/** Messages per dialog of one window, in bounded memory. */
export interface DialogCounts {
  /** @returns the dialog's hash, which a dialog that is kept brings with it */
  add(dialog: string): number;
  /** Counts of the dialogs that are kept. */
  counts(): IterableIterator<number>;
  /** Each kept dialog stands for so many. */
  weight(): number;
  /** Distinct dialogs: exact while all are kept, then estimated with a standard error of about 1/√kept. */
  distinct(): number;
}

interface Entry {
  count: number;
  readonly hash: number;
}

/**
 * Counts every dialog exactly while there are at most `capacity`; when there are more, those stay whose hash ends in so
 * many zero bits that half of them are left, and each stands for twice as many (Gibbons: "Distinct sampling for highly-
 * accurate answers to distinct values queries", 2001). What stays was counted from its first message.
 *
 * @param capacity dialogs kept, at least 1
 * @param hashOf a dialog, 32 bits
 */
export function createDialogCounts(capacity: number, hashOf: (dialog: string) => number): DialogCounts {
  const kept = new Map<string, Entry>();
  let mask = 0;

  function halve(): void {
    // At 31 bits the dialogs left share one hash, and more zeros would part nothing.
    while (kept.size > capacity && mask < 0x7fff_ffff) {
      mask = mask * 2 + 1;
      for (const [dialog, { hash }] of kept) if ((hash & mask) !== 0) kept.delete(dialog);
    }
  }

  return {
    add(dialog) {
      const entry = kept.get(dialog);
      if (entry !== undefined) {
        entry.count++;
        return entry.hash;
      }
      const hash = hashOf(dialog);
      if ((hash & mask) !== 0) return hash;
      kept.set(dialog, { count: 1, hash });
      if (kept.size > capacity) halve();
      return hash;
    },
    *counts() {
      for (const { count } of kept.values()) yield count;
    },
    weight: () => mask + 1,
    distinct: () => kept.size * (mask + 1),
  };
}
