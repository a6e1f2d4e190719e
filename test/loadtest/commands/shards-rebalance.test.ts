import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../../server/config-error.ts";
import type { MoveEnd, MoveStatus, MoveWork, RebalanceReply } from "../../../server/protocol/shards.ts";
import { rebalance } from "../../../loadtest/commands/shards-rebalance.ts";

const work = (active: boolean): MoveWork => ({ active, phase: "copy", seen: 0 }) as MoveWork;
const at = (last: MoveEnd | null, now: MoveWork | null): MoveStatus => ({ epoch: 2, waiting: 1, work: now, last });
const DONE: MoveEnd = { at: 9, moved: { copied: 3, removed: 3, kept: 0 } };
const ended = (code: NonNullable<MoveEnd["error"]>["code"]): MoveEnd => ({
  at: 5,
  error: { code, message: "a sentence" },
});
const MOVING = new ConfigError("MOVING", "node 0 moves rows now");

/** A server that answers one after the other; the test fails when it is asked once more. */
async function told(begins: readonly (ConfigError | null)[], looks: readonly MoveStatus[]) {
  const [toBegin, toLook] = [[...begins], [...looks]];
  const client = {
    moves: async () => toLook.shift() ?? assert.fail("it goes on looking"),
    async rebalance() {
      const refusal = toBegin.shift();
      if (refusal === undefined) assert.fail("it begins too often");
      if (refusal !== null) throw refusal;
      return {} as RebalanceReply;
    },
  };
  const shown: MoveWork[] = [];
  const status = await rebalance(client, true, new AbortController().signal, (one) => void shown.push(one), 0);
  assert.deepEqual([toBegin, toLook], [[], []]);
  return { last: status!.last, shown: shown.length };
}

test("one that ends is told", async () => {
  const looks = [at(null, null), at(null, null), at(null, work(true)), at(DONE, null)];
  assert.deepEqual(await told([null], looks), { last: DONE, shown: 1 });
});

test("one that was stopped, or failed, is told, although what it leaves is half-way", async () => {
  const stopped = ended("MOVER_STOPPED");
  const looks = [at(null, null), at(null, work(true)), at(stopped, work(false))];
  assert.deepEqual(await told([null], looks), { last: stopped, shown: 1 });
});

test("one that another server is at is waited for, and gone on with when that server has died", async () => {
  const looks = [
    at(null, work(true)),
    at(null, work(true)),
    at(null, work(false)),
    at(null, work(true)),
    at(DONE, null),
  ];
  assert.deepEqual(await told([MOVING, null], looks), { last: DONE, shown: 2 });
});

test("so is one whose refusal came late", async () => {
  const late = ended("WORK_UNDER_WAY");
  const looks = [at(null, null), at(late, work(true)), at(late, work(false)), at(late, work(true)), at(DONE, null)];
  assert.deepEqual(await told([null, null], looks), { last: DONE, shown: 2 });
});
