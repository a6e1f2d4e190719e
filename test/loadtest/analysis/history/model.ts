import type { Operation, PageRow } from "../../../../loadtest/measurement/operations.ts";
import { createRandom, type Random } from "../../../../loadtest/stats/random.ts";

/** A row as it lies on a shard: from its commit until it is gone for good. */
interface Row {
  readonly author: number;
  readonly seq: number;
  readonly shard: 0 | 1;
  readonly mintedAt: number;
  readonly committedAt: number;
  /** Until then the server knew nothing of its commit. */
  readonly pendingUntil: number;
  readonly goneAt: number;
  id: string;
}

/** Shard 1 does not answer in between; what died with it unacknowledged is not there any more when it is back. */
interface Outage {
  readonly from: number;
  readonly until: number;
}

interface World {
  readonly random: Random;
  readonly outage: Outage;
  readonly log: [at: number, operation: Operation][];
  readonly rows: Row[];
  /** Live frames in commit order: when they leave, and whose they are. */
  readonly frames: { readonly at: number; readonly row: Row; readonly resend: boolean }[];
  readonly lower: number;
  readonly higher: number;
}

const ID_BASE = 383_991_646_884_200_000n;
const other = ({ lower, higher }: World, user: number): number => (user === lower ? higher : lower);

export const digestOf = (author: number, seq: number): string => `d${author}-${seq}`;

/**
 * The log of one dialog on two shards that keeps every promise: messages in flight at the same time, refusals, lost answers,
 * retries, a shard that dies with unacknowledged messages and comes back without them, pages read in between by a
 * clock that is a little off, and the whole history read at the end.
 */
export function validDialog(seed: number, lower: number, higher: number): Operation[] {
  const random = createRandom(seed, lower * 1_000 + higher);
  const from = 200 + random.uniform() * 600;
  const outage = random.below(4) > 0 ? { from, until: from + 300 } : { from: Infinity, until: Infinity };
  const world: World = { random, outage, log: [], rows: [], frames: [], lower, higher };
  for (const author of [lower, higher]) write(world, author, random.below(2) === 0);
  number(world);
  for (const [at, operation] of world.log) fillIn(world, at, operation);
  deliver(world);
  read(world);
  return world.log.sort(([a], [b]) => a - b).map(([, operation]) => operation);
}

/** One author's messages, each sent after the answer to the one before, or not. */
function write(world: World, author: number, waits: boolean): void {
  const { random } = world;
  let at = random.uniform() * 100;
  for (let seq = 1; seq <= 20; seq++) {
    const answeredAt = send(world, author, seq, at);
    at = waits ? answeredAt + random.uniform() * 50 : at + random.exponential() * 60;
  }
}

/** @returns when its author knows what became of it */
function send(world: World, author: number, seq: number, at: number): number {
  const { outage, random } = world;
  const say = (code: "i" | "a" | "f" | "u", when: number, ...details: string[]) =>
    void world.log.push([when, [code, when, author, other(world, author), seq, ...details]]);
  const shard = random.below(2) === 0 ? 0 : 1;
  const mintedAt = at + random.uniform() * 5;
  const committedAt = mintedAt + random.uniform() * 40;
  const answeredAt = committedAt + random.uniform() * 30;
  const row = {
    author,
    seq,
    shard,
    mintedAt,
    committedAt,
    pendingUntil: committedAt,
    goneAt: Infinity,
    id: "",
  } as const;
  say("i", at, digestOf(author, seq));
  if (shard === 1 && committedAt < outage.from && answeredAt >= outage.from) return dies(world, row, say);
  const isOut = shard === 1 && committedAt >= outage.from && mintedAt < outage.until;
  const fate = isOut ? 0 : random.below(12);
  if (fate === 0) say("f", answeredAt, "OVERLOADED");
  else if (fate === 1) {
    say("u", answeredAt, "NO_ANSWER");
    // Stored or not, and if it is, perhaps sent again.
    if (random.below(3) === 0) return answeredAt;
    store(world, row);
    if (random.below(2) === 0) return answeredAt;
    say("i", answeredAt + 1, digestOf(author, seq), "resend");
    say("a", answeredAt + 20, rowKey(row));
    world.frames.push({ at: answeredAt + 15, row, resend: true });
    return answeredAt + 20;
  } else {
    store(world, row);
    say("a", answeredAt, rowKey(row));
  }
  return answeredAt;
}

type Say = (code: "i" | "a" | "f" | "u", when: number, ...details: string[]) => void;

/** Its shard dies between the commit and the answer: it is stored again with a later id by the server, or by its author. */
function dies(world: World, row: Row, say: Say): number {
  const { outage, random } = world;
  const byServer = random.below(2) === 0;
  const first = { ...row, goneAt: outage.from, pendingUntil: byServer ? outage.from : row.committedAt };
  world.rows.push(first);
  const mintedAt = outage.from + 5;
  const second: Row = { ...row, shard: 0, mintedAt, committedAt: mintedAt + 5, pendingUntil: mintedAt + 5, id: "" };
  world.rows.push(second);
  world.frames.push({ at: second.committedAt, row: second, resend: !byServer });
  if (!byServer) {
    world.frames.push({ at: first.committedAt, row: first, resend: false });
    say("u", outage.from + 1, "SHARD_UNAVAILABLE");
    say("i", outage.from + 2, digestOf(row.author, row.seq), "resend");
  }
  say("a", outage.from + 30, rowKey(second));
  return outage.from + 30;
}

function store(world: World, row: Row): void {
  world.rows.push(row);
  world.frames.push({ at: row.committedAt, row, resend: false });
}

/** Stands for the id until all are given out in the order of their minting. */
const rowKey = ({ author, seq, mintedAt }: Row): string => `${author}-${seq}-${mintedAt}`;

const idOf = (rank: number): string => String(ID_BASE + BigInt(rank) * 10n);

function number({ rows }: World): void {
  rows.sort((a, b) => a.mintedAt - b.mintedAt);
  for (const [rank, row] of rows.entries()) row.id = idOf(rank);
}

function fillIn({ log, rows }: World, at: number, operation: Operation): void {
  if (operation[0] !== "a") return;
  const row = rows.find((one) => rowKey(one) === operation[5]);
  const index = log.findIndex(([, one]) => one === operation);
  log[index] = [at, ["a", at, operation[2], operation[3], operation[4], row!.id]];
}

function deliver(world: World): void {
  const last = new Map<number, number>();
  for (const { at, row, resend } of world.frames.toSorted((a, b) => a.at - b.at)) {
    const reader = other(world, row.author);
    const when = Math.max(last.get(reader) ?? 0, at) + world.random.uniform() * 10;
    last.set(reader, when);
    const details = [row.id, digestOf(row.author, row.seq), ...(resend ? ["resend"] : [])];
    world.log.push([when, ["r", when, row.author, reader, row.seq, ...details]]);
  }
}

function read(world: World): void {
  const { log, outage, random } = world;
  const lastAt = Math.max(...log.map(([at]) => at), Number.isFinite(outage.until) ? outage.until : 0);
  const endAt = lastAt + 500;
  const skew = (random.uniform() - 0.5) * 40;
  const count = 12;
  let at = 100;
  for (let number = 1; number <= count; number++) {
    at = number === count ? Math.max(at, endAt) : at + random.uniform() * (endAt / count);
    at = readPages(world, number, at, skew, number === count ? Infinity : 1 + random.below(4));
  }
}

/** @returns when the last page came */
function readPages(world: World, read: number, from: number, skew: number, most: number): number {
  const { log, lower, higher, outage, random, rows } = world;
  const limit = 5 + random.below(10);
  let begin = from;
  let before: string | undefined;
  for (let page = 0; page < most; page++) {
    const seenAt = begin + random.uniform() * 5;
    const isOut = seenAt >= outage.from && seenAt < outage.until;
    const there = rows.filter(
      (row) => row.committedAt <= seenAt && seenAt < row.goneAt && !(isOut && row.shard === 1) && isBefore(row, before),
    );
    const shown = there.slice(-limit);
    const next = there.length > shown.length ? shown[0]!.id : undefined;
    const end = seenAt + random.uniform() * 5;
    const pageRows = shown.map((row): PageRow => [row.author, row.seq, row.id, digestOf(row.author, row.seq)]);
    const range = { ...(before !== undefined && { before }), ...(next !== undefined && { next }) };
    const partial = isOut && { partial: ["01"] };
    const found = { begin: begin + skew, ...range, stable: stableAt(rows, begin), ...partial, rows: pageRows };
    log.push([end, ["p", end + skew, lower, higher, read, found]]);
    begin = end + 1;
    if (next === undefined) break;
    before = next;
  }
  return begin;
}

function isBefore({ id }: Row, before: string | undefined): boolean {
  return before === undefined || BigInt(id) < BigInt(before);
}

/** The smallest id that is in flight, or one that nobody has yet. */
function stableAt(rows: readonly Row[], at: number): string {
  const pending = rows.find(({ mintedAt, pendingUntil }) => mintedAt <= at && at < pendingUntil);
  const minted = rows.filter(({ mintedAt }) => mintedAt <= at).length;
  return pending?.id ?? String(BigInt(idOf(minted)) - 5n);
}
