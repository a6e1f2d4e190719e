import type { Observer } from "./observability/observer.ts";
import type { CommitTimes } from "./shards/commit-times.ts";
import type { createStore } from "./shards/open-store.ts";
import type { ShardSet } from "./shards/shard-set.ts";
import type { ChangeLog } from "./topology/change-log.ts";
import { placedOf } from "./topology/document.ts";
import type { NodeClock, Tell } from "./topology/event.ts";
import type { Follower } from "./topology/follower.ts";
import type { Membership } from "./topology/membership.ts";
import { createMover, type Mover } from "./topology/mover/mover.ts";
import { sharedState } from "./topology/mover/shared-state.ts";
import { inspect } from "./topology/newcomer.ts";
import { createOperator, type Operator } from "./topology/operator.ts";
import { createRebalancer, type Rebalancer } from "./topology/rebalancer.ts";
import type { StateStore } from "./topology/state-store.ts";

/** Rows a second that a rebalance is taken to move. */
const MOVED_PER_S = 20_000;

interface OperationParts {
  readonly changes: Pick<ChangeLog, "forecast">;
  readonly clock: NodeClock;
  readonly commitTimes: Pick<CommitTimes, "p99Ms">;
  readonly follower: Follower;
  readonly membership: Pick<Membership, "fence" | "reading">;
  readonly observer: Pick<Observer, "hot">;
  readonly shards: ShardSet;
  readonly store: StateStore;
  readonly storeOf: typeof createStore;
  readonly tell: Tell;
}

/** What changes the shards of a running server, and moves what they hold. */
export interface Operations {
  readonly mover: Mover;
  readonly operator: Operator;
  readonly rebalancer: Rebalancer;
}

export function buildOperations(parts: OperationParts): Operations {
  const { changes, clock, commitTimes, follower, membership, observer, shards, store, storeOf, tell } = parts;
  const read = async () => placedOf(await store.read());
  const state = sharedState(store, follower);
  const mover = createMover({
    state,
    shards: () => shards.all(),
    self() {
      const { incarnation, node } = membership.fence();
      return { incarnation, node };
    },
    clock,
    p99Ms: (label) => commitTimes.p99Ms(label),
    isThrottled: () => rebalancer.isThrottled(),
  });
  const rebalancer = createRebalancer({
    mover,
    read: () => state.read(),
    node: () => membership.reading().node,
    clock,
    tell,
  });
  const operator = createOperator({
    read,
    publish: (next) => follower.publish(next),
    shards,
    inspect: (spec) => inspect(storeOf(spec, {})),
    hot: () => observer.hot().dialogs,
    rowsPerS: () => MOVED_PER_S,
    now: () => clock.wall(),
    onForecast: (epoch, maxOverMean) => changes.forecast(epoch, maxOverMean),
  });
  return { mover, operator, rebalancer };
}
