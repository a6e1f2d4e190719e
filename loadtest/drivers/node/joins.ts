import type { RunClock } from "./clock.ts";
import type { Connections } from "./connections.ts";

/** A user who connects in the course of the run. */
export interface Join {
  readonly user: number;
  /** Milliseconds after the start of the schedule. */
  readonly at: number;
}

/**
 * Connects those who come later, each at its moment.
 *
 * @param run `joins` by their moments
 * @returns stops it
 */
export function startJoins({
  joins,
  connections,
  clock,
}: {
  readonly joins: readonly Join[];
  readonly connections: Connections;
  readonly clock: RunClock;
}): () => void {
  let next = 0;
  let timer: NodeJS.Timeout | undefined;
  const turn = () => {
    for (let join = joins[next]; join !== undefined && join.at <= clock.now(); join = joins[++next])
      connections.join(join.user);
    const wait = joins[next];
    if (wait !== undefined) timer = setTimeout(turn, Math.max(1, wait.at - clock.now()));
  };
  turn();
  return () => clearTimeout(timer);
}
