import assert from "node:assert/strict";
import { test } from "node:test";
import { StoreError } from "../../../server/shards/contract.ts";
import type { TopologyEvent } from "../../../server/topology/event.ts";
import { MoverError, type MoveReport, type MoverReading } from "../../../server/topology/mover/contract.ts";
import { createRebalancer, type Rebalancer } from "../../../server/topology/rebalancer.ts";
import type { Work } from "../../../server/topology/state.ts";
import { StateError } from "../../../server/topology/state-store.ts";
import { virtualClock } from "../../support/virtual-clock.ts";
import { changed, fresh } from "./changed.ts";

const REPORT: MoveReport = { copied: 7, removed: 6, kept: 1 };
const WORK: Work = {
  kind: "rebalance",
  token: 1,
  node: 3,
  incarnation: 1,
  below: "5",
  phase: "copy",
  cursors: {},
  since: 77,
  seen: 10,
  moved: 4,
};
const READING: MoverReading = {
  kind: "rebalance",
  phase: "delete",
  seen: 12,
  moved: 5,
  total: 100,
  rowsPerSecond: 50,
  remainingSeconds: 1.76,
  duty: 0.4,
};

interface World {
  readonly rebalancer: Rebalancer;
  readonly clock: ReturnType<typeof virtualClock>;
  readonly told: TopologyEvent[];
  run: PromiseWithResolvers<MoveReport>;
  reading: MoverReading | null;
  work: Work | null;
  isBusy: boolean;
  stops: number;
}

function world(): World {
  const clock = virtualClock();
  const told: TopologyEvent[] = [];
  const rebalancer = createRebalancer({
    mover: {
      rebalance: () => self.run.promise,
      stop: () => void (self.stops += 1),
      reading: () => self.reading,
    },
    read: async () => ({
      topology: changed(fresh(), { do: "drain", shard: "01" }),
      work: self.work,
      isBusy: self.isBusy,
    }),
    node: () => 3,
    clock,
    tell: (event) => void told.push(event),
  });
  const self: World = {
    rebalancer,
    clock,
    told,
    run: Promise.withResolvers(),
    reading: null,
    work: null,
    isBusy: true,
    stops: 0,
  };
  return self;
}

/** Begins one that is not refused at once. */
async function begun(it: World, throttle = true): Promise<void> {
  const begin = it.rebalancer.begin(throttle);
  await it.clock.advance(500);
  await begin;
}

test("one goes on while nobody looks, and how it ended is kept", async () => {
  const it = world();
  assert.deepEqual(await it.rebalancer.status(), { epoch: 2, waiting: 1, work: null, last: null });
  await begun(it);
  await assert.rejects(it.rebalancer.begin(true), { code: "MOVING" });
  it.run.resolve(REPORT);
  await it.rebalancer.close();
  const { last } = await it.rebalancer.status();
  assert.deepEqual(last, { at: it.clock.wall(), moved: REPORT });
  assert.deepEqual(
    it.told.map(({ level, text }) => [level, text]),
    [["info", "rebalanced: 7 rows copied, 6 removed"]],
  );
});

test("what is refused at once is an error of its beginning, and one can be begun again", async () => {
  for (const [thrown, code] of [
    [new MoverError("WORK_UNDER_WAY", "node 1 moves rows"), "MOVING"],
    [new MoverError("SHARD_OUT", "shard 01 is out"), "SHARD_OUT"],
  ] as const) {
    const it = world();
    it.run.reject(thrown);
    await assert.rejects(it.rebalancer.begin(true), { name: "ConfigError", code, message: thrown.message });
    it.run = Promise.withResolvers();
    await begun(it);
  }
  const it = world();
  const lost = new StoreError("gone", false);
  it.run.reject(lost);
  await assert.rejects(it.rebalancer.begin(true), lost);
});

test("how one ended early is told without what a client must not see", async () => {
  for (const [thrown, code, words] of [
    [new MoverError("COPY_CLASH", "message 5 is in the way"), "COPY_CLASH", /^message 5 is in the way$/u],
    [new StoreError("mysql://db5 is gone", false), "SHARD_UNAVAILABLE", /^a shard does not answer; begin it again/u],
    [new StateError("the state is locked"), "STALE_TOPOLOGY", /^the state is locked; /u],
    [new TypeError("a is not a function"), "INTERNAL", /^a fault of the server, logged there/u],
  ] as const) {
    const it = world();
    await begun(it);
    it.run.reject(thrown);
    await it.rebalancer.close();
    const { error } = (await it.rebalancer.status()).last!;
    assert.equal(error!.code, code);
    assert.match(error!.message, words);
    assert.deepEqual(
      it.told.map(({ error: logged, level }) => [level, logged]),
      [["warn", thrown]],
    );
  }
});

test("it is stopped by an operator, and with its server", async () => {
  const it = world();
  assert.throws(() => it.rebalancer.stop(), { code: "NOT_MOVING" });
  await begun(it);
  it.rebalancer.stop();
  assert.equal(it.stops, 1);
  it.run.reject(new MoverError("MOVER_STOPPED", "stopped"));
  await it.rebalancer.close();
  assert.deepEqual(
    it.told.map(({ error, level }) => [level, error]),
    [["info", undefined]],
  );
  assert.throws(() => it.rebalancer.stop(), { code: "NOT_MOVING" });
});

test("of its own work a server knows each row, of another's what the state says", async () => {
  const it = world();
  it.work = WORK;
  it.reading = READING;
  const own = { kind: "rebalance", phase: "delete", node: 3, since: 77, seen: 12, moved: 5 };
  const { work } = await it.rebalancer.status();
  assert.deepEqual(work, { ...own, active: true, of: 100, rowsPerS: 50, remainingS: 1.76, duty: 0.4 });
  it.work = { ...WORK, node: 4, kind: "return", shard: "02" };
  const unknown = { of: null, rowsPerS: null, remainingS: null, duty: null };
  const other = { kind: "return", shard: "02", phase: "copy", node: 4, since: 77, seen: 10, moved: 4 };
  assert.deepEqual((await it.rebalancer.status()).work, { ...other, ...unknown, active: true });
  it.isBusy = false;
  assert.deepEqual((await it.rebalancer.status()).work, { ...other, ...unknown, active: false }, "its server died");
  it.work = WORK;
  it.reading = null;
  it.isBusy = true;
  assert.equal((await it.rebalancer.status()).work!.active, false, "it was stopped here");
});

test("whether it slows down is what the operator said last", async () => {
  const it = world();
  assert.equal(it.rebalancer.isThrottled(), true);
  await begun(it, false);
  assert.equal(it.rebalancer.isThrottled(), false);
});
