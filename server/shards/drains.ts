/** Who waits until everything that was taken so far is answered. */
export interface Drains {
  taken(): void;
  answered(rows: number): void;
  /** Resolves when every row taken so far is answered; rows that come later are not waited for. */
  wait(): Promise<void>;
}

export function createDrains(): Drains {
  let taken = 0;
  let answered = 0;
  /** Ascending by `rows`, the number of answered rows that each waits for. */
  const waiting: { readonly rows: number; readonly resolve: () => void }[] = [];

  function settle(): void {
    while (waiting.length > 0 && waiting[0]!.rows <= answered) waiting.shift()!.resolve();
  }

  return {
    taken: () => void taken++,
    answered(rows) {
      answered += rows;
      settle();
    },
    wait() {
      return new Promise((resolve) => {
        waiting.push({ rows: taken, resolve });
        settle();
      });
    },
  };
}
