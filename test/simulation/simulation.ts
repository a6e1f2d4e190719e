import type { HistoryMessage } from "../../server/protocol/frames.ts";
import { dialogId } from "../../server/placement/dialog.ts";
import { judge, type Truth } from "./checker.ts";
import { createClient } from "./client.ts";
import { createMischief } from "./mischief.ts";
import { isForeseen, startOperator } from "./operator.ts";
import { drawProfile, type Profile } from "./profile.ts";
import { createRandom, type Random } from "./random.ts";
import type { Record } from "./record.ts";
import type { Server } from "./server.ts";
import { createWorld, type World } from "./world.ts";

export interface Outcome {
  readonly seed: number;
  readonly profile: Profile;
  /** What was broken, each in a line with its evidence; empty when all went well. */
  readonly broken: readonly string[];
  readonly messages: number;
  readonly pages: number;
  readonly epochs: number;
  /** Messages that were shown under another id later, as the one exception allows. */
  readonly moved: number;
  readonly events: number;
}

/** How long it may take until all is well again, ms. */
const HEAL_MS = 180_000;

/**
 * Simulates one system from its start to its end, all of it by the seed.
 *
 * @param trace takes what happens; its text is made only if it is called
 */
export async function simulate(
  seed: number,
  trace: (at: number, text: () => string) => void = () => {},
): Promise<Outcome> {
  const real = Math.random;
  const random = createRandom(seed);
  const faults: unknown[] = [];
  const fault = (error: unknown): void => void faults.push(error);
  Math.random = random.next;
  process.on("unhandledRejection", fault);
  try {
    return await run(seed, random, trace, faults);
  } finally {
    process.off("unhandledRejection", fault);
    Math.random = real;
  }
}

async function run(
  seed: number,
  random: Random,
  trace: (at: number, text: () => string) => void,
  faults: unknown[],
): Promise<Outcome> {
  const profile = drawProfile(random);
  const world = createWorld(profile, random, trace, faults);
  const { timeline } = world;
  const record: Record = { sent: [], pages: [], live: [] };
  const users = Array.from({ length: profile.users }, (_, at) => at + 1);
  const dialogs = users.flatMap((user) => users.filter((other) => other > user).map((other) => dialogId(user, other)));
  const clients = users.map((user) =>
    createClient({
      user,
      others: users.filter((other) => other !== user),
      timeline,
      random,
      network: world.network,
      record,
      isBlind: world.isBlind,
      servers: () => world.machines.map(({ server }) => server),
      isPatient: random.chance(0.4),
      paceMs: profile.paceMs,
      patienceMs: profile.patienceMs,
      trace: world.trace,
    }),
  );
  const mischief = createMischief(world, random, profile);
  let isOver = false;
  startOperator(world, random, profile, dialogs, () => isOver);
  const fail = (error: unknown): void => void faults.push(error);
  await timeline.pass(() => timeline.now() >= profile.activeMs || faults.length > 0).catch(fail);
  isOver = true;
  for (const client of clients) client.finish();
  mischief.end();
  const end = timeline.now() + HEAL_MS;
  const isWell = (): boolean =>
    clients.every((client) => client.isIdle()) &&
    world.machines.every(({ server }) => server.isOpen()) &&
    world.state.current().out.length === 0;
  await timeline.pass(() => isWell() || timeline.now() >= end || faults.length > 0).catch(fail);
  // Here Node tells of rejections that nobody handled.
  await new Promise((resolve) => setImmediate(resolve));
  const broken = faults.map((error) => `a fault: ${error instanceof Error ? error.stack : String(error)}`);
  let moved = 0;
  const failed = (error: unknown): number => {
    broken.push(`a fault: ${String(error)}`);
    return 0;
  };
  if (broken.length === 0) {
    if (!isWell()) broken.push(`it does not heal: after ${HEAL_MS} ms ${waitingFor(clients)}`);
    else moved = await judgeEnd(world, random, dialogs, record, broken).catch(failed);
  }
  return {
    seed,
    profile,
    broken,
    moved,
    messages: record.sent.length,
    pages: record.pages.length,
    epochs: world.state.current().topology?.epoch ?? 0,
    events: timeline.events(),
  };
}

function waitingFor(clients: readonly { readonly user: number; isIdle(): boolean }[]): string {
  const waiting = clients.filter((client) => !client.isIdle()).map(({ user }) => user);
  return waiting.length === 0
    ? "a server is not open, or a shard is out"
    : `users ${waiting.join(", ")} wait for acknowledgments`;
}

/** @returns messages that moved as the one exception allows */
async function judgeEnd(
  world: World,
  random: Random,
  dialogs: readonly string[],
  record: Record,
  broken: string[],
): Promise<number> {
  // What a rebalance left behind is no harm.
  if (random.chance(0.6)) broken.push(...(await rebalanceAll(world)));
  const truth = await finalTruth(world, dialogs, broken);
  const judgment = judge(record, truth, world.lostIds);
  broken.push(...judgment.broken);
  return judgment.moved;
}

/** Moves every row to its place, and compares the shards. */
async function rebalanceAll(world: World): Promise<string[]> {
  let last: unknown;
  for (let tries = 0; tries < 60; tries++) {
    // One that a server has left goes on there.
    const { mover, operator } = world.machines[tries % world.machines.length]!.server;
    try {
      const { kept } = await until(world, mover.rebalance());
      const found = await until(
        world,
        operator.verify().then(({ run }) => run(() => {}, new AbortController().signal)),
      );
      const faults = kept === 0 && found.match ? [] : [`verify: ${kept} rows kept, ${JSON.stringify(found)}`];
      return faults;
    } catch (error) {
      if (!isForeseen(error)) return [`a rebalance failed: ${String(error)}`];
      last = error;
      await sleep(world, 1_000);
    }
  }
  return [`it does not heal: a rebalance fails again and again: ${String(last)}`];
}

async function sleep({ timeline }: World, ms: number): Promise<void> {
  const end = timeline.now() + ms;
  timeline.after(ms, () => {});
  await timeline.pass(() => timeline.now() >= end);
}

/** Lets time pass until it has ended. */
async function until<T>({ timeline }: World, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => (isDone = true));
  done.catch(() => undefined);
  await timeline.pass(() => isDone);
  return done;
}

/** What each server shows of each dialog at last; it must be the same, and all that the shards hold. */
async function finalTruth(world: World, dialogs: readonly string[], broken: string[]): Promise<Truth> {
  const truth = new Map<string, { dialog: string; author: number; client: string; id: string }[]>();
  for (const { name, server } of world.machines) {
    for (const dialog of dialogs) {
      const messages = await readWhole(world, server, dialog);
      if (messages === null) {
        broken.push(`it does not heal: ${name} cannot read all of ${dialog}`);
        continue;
      }
      const rows = messages.map(({ client, from, message }) => ({ dialog, author: from, client, id: message }));
      const before = truth.get(dialog);
      if (before === undefined) truth.set(dialog, rows);
      else if (JSON.stringify(before) !== JSON.stringify(rows)) {
        broken.push(`${name} shows another ${dialog} than ${world.machines[0]!.name}`);
      }
    }
  }
  const labels = world.state.current().topology!.shards;
  for (const label of labels) {
    for (const { author, client, dialog, id } of world.shard(label).database.all()) {
      const isShown = truth.get(dialog)?.some((row) => row.id === id && row.client === client);
      if (isShown !== true) broken.push(`hidden: ${dialog} ${author} ${client} is on shard ${label} as ${id}`);
    }
  }
  return truth;
}

async function readWhole(world: World, server: Server, dialog: string): Promise<readonly HistoryMessage[] | null> {
  for (let tries = 0; tries < 20; tries++) {
    const read = async (): Promise<HistoryMessage[] | null> => {
      const all: HistoryMessage[] = [];
      for (let before: string | undefined; ;) {
        const page = await server.chat.history(dialog, { limit: 200, ...(before !== undefined && { before }) });
        if (page.partial !== undefined) return null;
        all.unshift(...page.messages);
        if (page.next === undefined) return all;
        before = page.next;
      }
    };
    const messages = await until(world, read()).catch(() => null);
    if (messages !== null) return messages;
    await sleep(world, 1_000);
  }
  return null;
}
