import type { Changed, State } from "./state.ts";

/** The state cannot be read or written now; later it may. */
export class StateError extends Error {
  /** What an operator does about it. */
  readonly remedy: string;
  constructor(
    message: string,
    cause?: unknown,
    remedy = "give --data a folder on this machine that this user may write",
  ) {
    super(message, { cause });
    this.name = "StateError";
    this.remedy = remedy;
  }
}

/**
 * Where the state is kept. Every variant MUST behave the same; `test/server/topology/state-store.test.ts` runs one
 * suite against all.
 *
 * - The first use makes a fresh state, once, however many come at the same time.
 * - `update` MUST be compare-and-set: of any number of updates at once, by any number of processes, none is lost, and
 *   each one's `change` is given the state that it replaces.
 * - After a death at any moment the state is the old one or the new one, and the next `update` does not wait for the
 *   dead. What `update` has returned for survives a loss of power.
 */
export interface StateStore {
  /** How errors and logs call it. */
  readonly name: string;
  /** @throws {ConfigError} BAD_STATE, NEWER_STATE @throws {StateError} when it cannot be reached now */
  read(): Promise<State>;
  /**
   * @param change pure: it may be called again with a newer state. What it throws is thrown here, and nothing changes.
   *   `now` is the store's clock, Unix ms. A state that it returns as it was given is not written.
   * @returns its result, once the state is stored; `revision` is counted by the store
   * @throws {ConfigError} BAD_STATE, NEWER_STATE @throws {StateError} when it cannot be reached now
   */
  update<T>(change: (state: State, now: number) => Changed<T>): Promise<T>;
  close(): Promise<void>;
}
