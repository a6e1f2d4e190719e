import { placedOf, type Placed } from "../document.ts";
import type { Follower } from "../follower.ts";
import { idAt } from "../state.ts";
import type { StateStore } from "../state-store.ts";
import type { MoverState, Moving } from "./contract.ts";

/** The state of all servers, as a mover uses it. */
export function sharedState(store: Pick<StateStore, "update">, { publish }: Pick<Follower, "publish">): MoverState {
  const read = (): Promise<Moving> => store.update((state, now) => ({ state, result: movingOf(placedOf(state), now) }));
  return {
    read,
    update: (change) =>
      store.update((state, now) => {
        const placed = placedOf(state);
        const next = { ...placed, ...change(movingOf(placed, now)) };
        return { state: next, result: movingOf(next, now) };
      }),
    async publish(change) {
      await publish(change);
      return read();
    },
  };
}

/** @param now the store's clock, Unix ms */
function movingOf({ grants, out, token, topology, work }: Placed, now: number): Moving {
  const passed = idAt(now);
  const isBusy = grants.some(
    ({ held, incarnation, node, until }) =>
      node === work?.node && incarnation === work.incarnation && held && BigInt(until) > passed,
  );
  return { out, token, topology, work, isBusy };
}
