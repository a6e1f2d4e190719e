import assert from "node:assert/strict";
import { test } from "node:test";
import type { Topology } from "../../../server/placement/contract.ts";
import { rebalanced, type Change } from "../../../server/topology/changes.ts";
import { createChangeLog } from "../../../server/topology/change-log.ts";
import type { Out } from "../../../server/topology/state.ts";
import { changed, fresh, newest } from "./changed.ts";

function world() {
  let wall = 1_000;
  let topology = fresh();
  let out: Out[] = [];
  const told: string[] = [];
  const counted: string[] = [];
  const log = createChangeLog({
    clock: { wall: () => wall },
    tell: ({ level, text }) => void told.push(`${level}: ${text}`),
    onChange: (kind) => void counted.push(kind),
  });
  function become(next: Topology, nextOut = out): string {
    const words = log.followed({ topology, out }, { topology: next, out: nextOut });
    [topology, out] = [next, nextOut];
    return words;
  }
  return {
    log,
    told,
    counted,
    pass: (ms: number) => void (wall += ms),
    epoch: () => topology.epoch,
    change: (change: Change, nextOut?: Out[]) => become(changed(topology, change), nextOut),
    show: () => become(topology, []),
    rebalance: () => become(rebalanced(topology, newest(topology).from)),
    windows: (...skews: number[]) => {
      for (const maxOverMean of skews) log.window({ messages: 100, maxOverMean });
    },
  };
}

const SPLIT: Change = { do: "split", dialog: "1_2", parts: 3 };

test("a change has its words, its forecast, and after three windows with messages what came true", () => {
  const { change, counted, epoch, log, told, windows } = world();
  windows(1.9, 1.6);
  assert.equal(change(SPLIT), "split 1_2 over 3 shards");
  log.forecast(epoch(), { before: 1.55, after: 1.1 });
  const entry = { at: 1_000, epoch: 2, kind: "split", words: "split 1_2 over 3 shards", before: 1.6 };
  assert.deepEqual(log.recent(), [{ ...entry, forecast: { before: 1.55, after: 1.1 } }]);
  windows(1.4, 1.2);
  log.window({ messages: 0, maxOverMean: 1 });
  assert.deepEqual(told, [], "the first has begun before it, and an empty one says nothing");
  windows(1.12, 1.3);
  assert.deepEqual(log.recent()[0]!.came, { after: 1.12, others: 0 });
  assert.deepEqual(told, ["info: what came of it: split 1_2 over 3 shards: max/mean was 1.60, forecast 1.10, is 1.12"]);
  assert.deepEqual(counted, ["split"]);
});

test("what came of a change says which others came in between; another server's forecast is not known", () => {
  const { change, log, pass, told, windows } = world();
  change(SPLIT);
  windows(1.5);
  pass(10_000);
  change({ do: "drain", shard: "01" });
  windows(1.4, 1.3, 1.2);
  assert.deepEqual(
    log.recent().map(({ before, came, forecast }) => [before, forecast, came]),
    [
      [undefined, undefined, { after: 1.3, others: 1 }],
      [1.5, undefined, { after: 1.2, others: 0 }],
    ],
  );
  assert.equal(told[0], "info: what came of it: split 1_2 over 3 shards: max/mean is 1.30, with 1 more since");
});

test("a shard that was lost: how long it was away, and when its history was shown again", () => {
  const { change, counted, log, pass, show } = world();
  const lost: Out = { label: "01", phase: "lost", from: "7", since: 0, reason: "it did not answer for 2.0 s" };
  change({ do: "take-out", shard: "01" }, [lost]);
  pass(42_000);
  change({ do: "put-back", shard: "01" }, [{ ...lost, phase: "returning" }]);
  pass(400);
  assert.equal(show(), "the history of shard 01 is shown again");
  assert.deepEqual(
    log.recent().map(({ afterwards, kind }) => [kind, afterwards]),
    [
      ["take_out", "back after 42.0 s"],
      ["put_back", "its history was shown again after 0.4 s"],
    ],
  );
  assert.deepEqual(counted, ["take_out", "put_back"], "to be shown again is no change of the topology");
});

test("a rebalance moves no new messages, so nothing is measured of it; only the last twenty are kept", () => {
  const { change, log, rebalance, told, windows } = world();
  for (let round = 0; round < 15; round++) {
    change(round % 2 === 0 ? SPLIT : { do: "merge", dialog: "1_2" });
    windows(1.5, 1.4, 1.3);
    assert.equal(rebalance(), "rebalanced: older messages are where the newest segment puts them");
    windows(1.5, 1.4, 1.3);
  }
  const kept = log.recent();
  assert.equal(kept.length, 20);
  assert.deepEqual([kept.at(-1)!.kind, kept.at(-1)!.came], ["rebalance", undefined]);
  assert.equal(told.length, 15);
});
