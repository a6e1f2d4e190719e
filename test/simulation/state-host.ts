import { freshState, type State } from "../../server/topology/state.ts";
import { StateError, type StateStore } from "../../server/topology/state-store.ts";
import { parseState, stateText } from "../../server/topology/state-text.ts";
import type { Life } from "./life.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";

/** What all servers share: the document, in one place. */
export interface StateHost {
  current(): State;
  setReachable(isReachable: boolean): void;
  /** The store as one process has it. */
  storeOf(life: Life): StateStore;
}

const NAME = "the state";
const PATIENCE_MS = 5_000;

/** @param now Unix ms, of its machine @param onChange is called after each change */
export function createStateHost(network: Network, random: Random, now: () => number, onChange: () => void): StateHost {
  let state = freshState("0123456789abcdef".repeat(2));
  let isReachable = true;

  function storeOf({ clock, enter }: Life): StateStore {
    /** A process changes the document itself: one that is stopped comes later, and a dead one never. */
    function call<T>(work: () => T): Promise<T> {
      return new Promise((resolve, reject) => {
        const fate = network.fate();
        const fail = (): void => enter(() => reject(new StateError("it cannot be reached")));
        clock.after(network.delay(), () => {
          if (!isReachable) return void clock.after(PATIENCE_MS, fail);
          if (fate === "lost") return fail();
          let done: () => void;
          try {
            const value = work();
            done = () => resolve(value);
          } catch (error) {
            done = () => reject(error);
          }
          clock.after(network.delay(), fate === "unanswered" ? fail : done);
        });
      });
    }

    return {
      name: NAME,
      read: () => call(() => state),
      update: (change) =>
        call(() => {
          // Another one came between.
          if (random.chance(0.05)) change(state, now());
          const { result, state: next } = change(state, now());
          if (next !== state) {
            // Renewals are many, and as they were a hundred times before: few are judged as a file's text is.
            const isOther = standingChanged(state, next) || random.chance(0.05);
            const counted = { ...next, revision: state.revision + 1 };
            state = isOther ? parseState(stateText(counted, NAME), NAME) : counted;
            onChange();
          }
          return result;
        }),
      close: async () => {},
    };
  }

  return { current: () => state, setReachable: (reachable) => void (isReachable = reachable), storeOf };
}

function standingChanged(before: State, after: State): boolean {
  if (before.cluster !== after.cluster) return true;
  return before.topology !== after.topology || before.out !== after.out || before.work !== after.work;
}
