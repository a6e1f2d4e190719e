import type { ChangeKind, TopologyChange } from "../protocol/topology-change.ts";
import { describeChange, type Described, type Placing } from "./describe-change.ts";
import type { NodeClock, Tell } from "./event.ts";

/** The last changes of the topology that this node has followed, with what was forecast and what came true. */
export interface ChangeLog {
  /** This node has followed. @returns what happened, in words; empty where there are none */
  followed(before: Placing, after: Placing): string;
  /** Whoever made the change that this epoch ended had forecast so. */
  forecast(epoch: number, maxOverMean: { readonly before: number; readonly after: number }): void;
  /** Ten seconds of traffic have ended. */
  window(window: { readonly messages: number; readonly maxOverMean: number }): void;
  /** At most 20, in the order of time. */
  recent(): readonly TopologyChange[];
}

export interface ChangeLogParts {
  readonly clock: Pick<NodeClock, "wall">;
  readonly tell: Tell;
  /** Counts them. */
  readonly onChange?: (kind: ChangeKind) => void;
}

/** The first of these windows has begun before the change. */
const CAME_WINDOWS = 3;
const MOST_KEPT = 20;
/** New messages go where they went. */
const MOVES_NOTHING = new Set<ChangeKind>(["rebalance", "remove"]);

/** An entry, and what is still to come for it. */
interface Kept {
  change: TopologyChange;
  readonly shard: string | undefined;
  left: number;
  others: number;
}

export function createChangeLog({ clock, onChange, tell }: ChangeLogParts): ChangeLog {
  let kept: Kept[] = [];
  let last: number | null = null;

  function add(kind: ChangeKind, { shard, words }: Described, epoch: number): void {
    const at = clock.wall();
    if (kind === "put_back") follow("take_out", shard, `back after ${secondsIn(at, shard)}`);
    const isMeasured = !MOVES_NOTHING.has(kind);
    for (const one of kept) if (one.left > 0 && isMeasured) one.others += 1;
    const change = { at, epoch, kind, words, ...(isMeasured && last !== null && { before: last }) };
    kept = [...kept, { change, shard, left: isMeasured ? CAME_WINDOWS : 0, others: 0 }].slice(-MOST_KEPT);
    onChange?.(kind);
  }

  /** Since the shard was lost, or came back. */
  function secondsIn(at: number, shard: string | undefined): string {
    const since = kept.findLast((one) => one.shard === shard)?.change.at ?? at;
    return `${(Math.max(0, at - since) / 1_000).toFixed(1)} s`;
  }

  function follow(kind: ChangeKind, shard: string | undefined, words: string): void {
    const entry = kept.findLast((one) => one.shard === shard && one.change.kind === kind);
    if (entry !== undefined) entry.change = { ...entry.change, afterwards: words };
  }

  return {
    followed(before, after) {
      const described = describeChange(before, after);
      for (const one of described) {
        if (one.kind !== null) add(one.kind, one, after.topology.epoch);
        else follow("put_back", one.shard, `its history was shown again after ${secondsIn(clock.wall(), one.shard)}`);
      }
      return described.map(({ words }) => words).join("; ");
    },
    forecast(epoch, { after, before }) {
      for (const one of kept) {
        if (one.change.epoch === epoch && one.left > 0) one.change = { ...one.change, forecast: { before, after } };
      }
    },
    window({ maxOverMean, messages }) {
      if (messages === 0) return;
      last = maxOverMean;
      for (const one of kept) {
        if (one.left === 0 || --one.left > 0) continue;
        one.change = { ...one.change, came: { after: maxOverMean, others: one.others } };
        tell({ level: "info", text: `what came of it: ${outcomeOf(one.change)}` });
      }
    },
    recent: () => kept.map(({ change }) => change),
  };
}

/** `split 1_2 over 3 shards: max/mean was 1.60, forecast 1.10, is 1.12`. */
function outcomeOf({ before, came, forecast, words }: TopologyChange): string {
  const figures = [
    ...(before === undefined ? [] : [`was ${before.toFixed(2)}`]),
    ...(forecast === undefined ? [] : [`forecast ${forecast.after.toFixed(2)}`]),
    `is ${came!.after.toFixed(2)}`,
  ];
  const others = came!.others === 0 ? "" : `, with ${came!.others} more since`;
  return `${words}: max/mean ${figures.join(", ")}${others}`;
}
