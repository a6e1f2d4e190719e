import { setTimeout as delay } from "node:timers/promises";
import { dialogId } from "../../server/placement/dialog.ts";
import type { HistoryMessage } from "../../server/protocol/frames.ts";
import { judge, type Judgment } from "./judge.ts";
import { createMischief, type Random } from "./mischief.ts";
import { createTalker } from "./talker.ts";
import { createWorld, type World } from "./world.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly seconds: number;
  /** MariaDB servers, the last of them a spare; 0: four SQLite shards in one server. */
  readonly databases: number;
  /** Servers on one topology; 1 with SQLite. */
  readonly nodes: number;
  /** Told what goes on. */
  readonly tell: (line: string) => void;
}

export interface ChaosResult extends Judgment {
  readonly faults: number;
  readonly epoch: number;
  /** Longest time that a message waited for its acknowledgement, ms. */
  readonly longestMs: number;
  /** What `/v1/shards/verify` said at the end. */
  readonly verified: string;
}

/** User 1 is known to everybody: half of all messages are in dialogs of theirs. */
const USERS = 16;
const HEALED_MS = 120_000;

/** Real servers and databases, people who talk all the time, and faults from a seed; then everything is read and judged. */
export async function chaos({ databases, nodes, seconds, seed, tell }: ChaosOptions): Promise<ChaosResult> {
  const random = randomOf(seed);
  const world = await createWorld(databases, nodes);
  const talkers = Array.from({ length: USERS }, (_, index) =>
    createTalker(index + 1, () => world.chats(), randomOf(seed + index + 1)),
  );
  const over = new AbortController();
  try {
    const talking = talkers.map(async (talker, index) => {
      const own = randomOf(seed * 1_000 + index);
      while (!over.signal.aborted) {
        await talker.say(otherThan(index + 1, own));
        await delay(20 + own() * 60);
      }
    });
    const dialogs = Array.from({ length: 5 }, (_, index) => dialogId(1, index + 2));
    const next = createMischief(world, random, dialogs);
    const end = performance.now() + seconds * 1_000;
    let faults = 0;
    const wreck = async (): Promise<void> => {
      while (performance.now() < end) {
        await delay(random() * 2_000);
        tell(await next());
        faults++;
      }
    };
    await Promise.all([wreck(), wreck()]);
    over.abort();
    await Promise.all(talking);
    await heal(world, tell);
    const said = talkers.flatMap((talker) => talker.said);
    const history = await readAll(world);
    const { topology } = await world.status();
    const longestMs = Math.round(Math.max(...talkers.map((talker) => talker.longestMs())));
    const verified = (await world.get("/v1/shards/verify")).trim().split("\n").at(-1)!;
    return { ...judge(said, history), faults, epoch: topology.epoch, longestMs, verified };
  } finally {
    for (const talker of talkers) talker.close();
    await world.close();
  }
}

/** Waits until every shard is back, and moves what is not in its place. */
async function heal(world: World, tell: (line: string) => void): Promise<void> {
  const end = performance.now() + HEALED_MS;
  let last = "";
  while (performance.now() < end) {
    await delay(500);
    const { out = [], shards } = await world.status();
    const { waiting, work } = await world.moves();
    const isWell = out.length === 0 && shards.every(({ state }) => state === "up");
    if (isWell && waiting === 0 && work === null) return;
    const answer = await world.rebalance();
    if (answer !== last) tell(`healing: ${answer.slice(0, 200)}`);
    last = answer;
  }
  throw new Error(
    `it did not heal within ${HEALED_MS / 1_000} s: ${JSON.stringify(await world.status()).slice(0, 1_000)}`,
  );
}

async function readAll(world: World): Promise<HistoryMessage[]> {
  const all: HistoryMessage[] = [];
  for (let low = 1; low <= USERS; low++) {
    for (let high = low + 1; high <= USERS; high++) all.push(...(await readDialog(world, dialogId(low, high))));
  }
  return all;
}

async function readDialog(world: World, dialog: string): Promise<HistoryMessage[]> {
  const messages: HistoryMessage[] = [];
  for (let before = ""; ;) {
    const page = JSON.parse(await world.get(`/v1/dialogs/${dialog}/messages?limit=100${before}`)) as {
      messages: HistoryMessage[];
      next?: string;
      partial?: string[];
    };
    if (page.partial !== undefined) throw new Error(`${dialog} is partial: ${page.partial.join(", ")}`);
    messages.unshift(...page.messages);
    if (page.next === undefined) return messages;
    before = `&before=${page.next}`;
  }
}

function otherThan(user: number, random: Random): number {
  if (user !== 1 && random() < 0.5) return 1;
  const other = 1 + Math.floor(random() * (USERS - 1));
  return other >= user ? other + 1 : other;
}

/** Mulberry32 (Tommy Ettinger, public domain): equal seeds make equal faults. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
