/** What a node's membership tells: one line of a log. */
export interface TopologyEvent {
  readonly level: "info" | "warn" | "error";
  /** What happened, and what to do where somebody has to. */
  readonly text: string;
  readonly shard?: string;
  readonly error?: Error;
}

/** MUST NOT throw. */
export type Tell = (event: TopologyEvent) => void;

/** Time of a node. */
export interface NodeClock {
  /** Milliseconds, never going back. */
  now(): number;
  /** Unix milliseconds. */
  wall(): number;
  /** @returns a function that cancels */
  after(ms: number, run: () => void): () => void;
}

/** Waits for it, but not for longer. @param ms by this clock */
export async function patiently(clock: NodeClock, ms: number, event: Promise<unknown>): Promise<void> {
  const patience = Promise.withResolvers<void>();
  const cancel = clock.after(ms, patience.resolve);
  await Promise.race([event, patience.promise]);
  cancel();
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
