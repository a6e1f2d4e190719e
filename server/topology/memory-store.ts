import { randomBytes } from "node:crypto";
import { freshState, type State } from "./state.ts";
import type { StateStore } from "./state-store.ts";
import { parseState, stateText } from "./state-text.ts";

const NAME = "the state in memory";

/** A state that lives and ends with this process, for benchmarks and tests. @param now Unix ms */
export function createMemoryStateStore(now: () => number = Date.now): StateStore {
  let state: State = freshState(newCluster());
  return {
    name: NAME,
    read: async () => state,
    async update(change) {
      const { result, state: next } = change(state, now());
      if (next !== state) state = parseState(stateText({ ...next, revision: state.revision + 1 }, NAME), NAME);
      return result;
    },
    close: async () => {},
  };
}

/** A random identity: 128 bits. */
export function newCluster(): string {
  return randomBytes(16).toString("hex");
}
