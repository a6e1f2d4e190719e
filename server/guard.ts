/** Wraps a function so that it does not throw: what it throws is told instead. */
export type Guard = <A extends readonly unknown[]>(what: string, run: (...args: A) => void) => (...args: A) => void;

/** The same fault is told again after so long, ms: a broken counter must not fill the log. */
const AGAIN_MS = 10_000;

/**
 * What stands beside the chat (metrics, windows, the live page, timers of connections) may fail, and the chat goes on:
 * a timer or a callback that throws would end the process, or leave the next one uncalled.
 *
 * @param onFault is told of the first fault of each `what`, and then of one in ten seconds
 * @param now ms, never going back
 */
export function createGuard(
  onFault: (what: string, error: unknown) => void,
  now: () => number = () => performance.now(),
): Guard {
  const toldAt = new Map<string, number>();

  function tell(what: string, error: unknown): void {
    const last = toldAt.get(what);
    if (last !== undefined && now() - last < AGAIN_MS) return;
    toldAt.set(what, now());
    try {
      onFault(what, error);
    } catch {
      // There is nobody left to tell.
    }
  }

  return (what, run) =>
    (...args) => {
      try {
        run(...args);
      } catch (error) {
        tell(what, error);
      }
    };
}

/**
 * The same object, of which these methods never throw. They return nothing, and do without `this`.
 *
 * @param what names the object in what is told
 */
export function guardEach<T extends object>(guard: Guard, what: string, target: T, methods: readonly (keyof T)[]): T {
  const guarded = methods.map((name) => [name, guard(what, target[name] as (...args: unknown[]) => void)]);
  return { ...target, ...(Object.fromEntries(guarded) as Partial<T>) };
}
