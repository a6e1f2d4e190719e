import type { Topology } from "../../../server/placement/contract.ts";
import { dialogId } from "../../../server/placement/dialog.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { askedOf, messagesOf, perSecondOf } from "../../traffic/asked.ts";
import type { Dials, Story } from "../../traffic/contract.ts";
import { mergeLanes } from "../../traffic/deal.ts";
import { SOME_MOMENT } from "./moment.ts";
import { onlyNewest } from "./newest-segment.ts";

/** Messages of the measured phase. */
export interface ExpectedShard {
  messages: number;
  /** To recipients that connect. */
  deliveries: number;
  /** Of these, in dialogs that the story does not make hot. */
  innocents: number;
}

/** What a run will bring, known before it: the schedule is seeded and the placement is a function. */
export interface ExpectedTraffic {
  readonly byShard: ReadonlyMap<string, Readonly<ExpectedShard>>;
  /** Distinct dialogs, warm-up included; of a schedule that was not placed to its end at most so many. */
  readonly dialogs: number;
  /** Messages with those of the warm-up. */
  readonly messages: number;
  /** Messages per second of the schedule, on average. */
  readonly perS: number;
  /** Whether the story makes anything hot. */
  readonly hot: boolean;
}

/** Of a longer schedule the beginning is placed, and the rest is taken to be like it. */
const MOST_PLACED = 200_000;

/** Places the schedule of a story before anything is sent. A shard that gets nothing has no messages, and an entry. */
export function expectedTraffic(story: Story, dials: Dials, topology: Topology): ExpectedTraffic {
  const router = compileTopology(onlyNewest(topology));
  const nothing = () => router.labels.map((): ExpectedShard => ({ messages: 0, deliveries: 0, innocents: 0 }));
  const shards = nothing();
  const warmup = nothing();
  const dialogs = new Set<string>();
  const next = mergeLanes(story.lanes());
  let messages = 0;
  let early = 0;
  let planned = next();
  for (; planned !== null && messages < MOST_PLACED; planned = next()) {
    const { at, user: author, target: to } = planned;
    const dialog = dialogId(author, to);
    dialogs.add(dialog);
    messages += 1;
    if (messages === MOST_PLACED / 2) early = dialogs.size;
    const phase = at < dials.warmupS * 1000 ? warmup : shards;
    const shard = phase[router.place({ dialog, id: SOME_MOMENT, author, client: String(messages) })]!;
    shard.messages += 1;
    if (to > story.online) continue;
    shard.deliveries += 1;
    if (!story.isHot(author, to)) shard.innocents += 1;
  }
  const seconds = dials.warmupS + dials.durationS;
  // A closed model has no schedule: this is what it can send at most, and there may be no end of it.
  const whole = askedOf(story, dials);
  const asked = whole?.messages ?? messages;
  if (planned !== null) extrapolate(shards, warmup, whole === null ? messages : measuredMessages(story, dials, asked));
  const all = planned === null ? messages : asked;
  return {
    byShard: new Map(router.labels.map((label, i) => [label, shards[i]!])),
    // A message brings a new dialog the more rarely the more there were: no later one more often than those of this
    // half.
    dialogs:
      planned === null
        ? dialogs.size
        : Math.round(dialogs.size + ((dialogs.size - early) * Math.max(0, asked - messages)) / (MOST_PLACED / 2)),
    messages: all,
    perS: planned !== null && whole === null ? Number.POSITIVE_INFINITY : perSecondOf(all, seconds),
    hot: story.askedShare !== null,
  };
}

/** Messages of the measured phase; of a pace of its own its part of the time. */
function measuredMessages({ expected }: Story, dials: Dials, asked: number): number {
  const { durationS, warmupS } = dials;
  return expected === undefined ? messagesOf(dials).measured : (asked * durationS) / (warmupS + durationS);
}

/**
 * To the whole measured phase, from all that was placed: the beginning may end in the warm-up, which is the same
 * traffic.
 *
 * @param messages of the measured phase
 */
function extrapolate(shards: readonly ExpectedShard[], warmup: readonly ExpectedShard[], messages: number): void {
  const factor = messages / MOST_PLACED;
  for (const [i, shard] of shards.entries()) {
    for (const name of ["messages", "deliveries", "innocents"] as const) {
      shard[name] = Math.round((shard[name] + warmup[i]![name]) * factor);
    }
  }
}
