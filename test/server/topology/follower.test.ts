import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../../server/config-error.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import type { Shard } from "../../../server/shards/shard.ts";
import { placedOf, startTopology } from "../../../server/topology/document.ts";
import { createFollower } from "../../../server/topology/follower.ts";
import { createMemoryStateStore } from "../../../server/topology/memory-store.ts";
import { createViews } from "../../../server/topology/view.ts";
import { NO_GUARD } from "../../support/no-guard.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

test("a topology that cannot be followed is told once, and when it can be again; the view stays as it was", async () => {
  const clock = virtualClock();
  const store = createMemoryStateStore(() => clock.wall());
  const first = singleSegment({ labels: ["00"], placement: "slots" });
  const start = await store.update((state) => {
    const placed = startTopology(state, first, false);
    return { state: placed, result: placed };
  });
  const shards = [
    { label: "00", spec: { engine: "sqlite", file: "00.db" }, state: () => "down", writer: { giveUp() {} } },
  ] as unknown as Shard[];
  const views = createViews(first, { get: (label) => shards.find((shard) => shard.label === label) });
  const told: string[] = [];
  const follower = createFollower({
    store,
    views,
    shards: () => shards,
    open: async () => assert.fail("nobody knows where shard 01 is"),
    leave: async () => {},
    pass: async () => {},
    clock,
    guard: NO_GUARD,
    tell: ({ level, text }) => void told.push(`${level}: ${text}`),
  });
  await follower.begin(placedOf(start));
  const grow = (epoch: number, labels: readonly string[]) =>
    store.update((state) => ({
      state: startTopology(
        { ...state, topology: undefined! },
        { ...singleSegment({ labels, placement: "slots" }), epoch },
        false,
      ),
      result: null,
    }));
  await grow(2, ["00", "01"]);
  await clock.advance(2_000);
  assert.deepEqual(told, ["error: the newest topology cannot be followed: this server stays behind"]);
  assert.equal(views.current().topology.epoch, 1);
  await assert.rejects(
    follower.refresh(),
    (error) => error instanceof ConfigError && error.code === "OTHER_TOPOLOGY" && /names shard 01/.test(error.message),
  );
  await grow(3, ["00"]);
  await clock.advance(6_000);
  assert.equal(views.current().topology.epoch, 3);
  assert.ok(told.includes("info: the newest topology can be followed again"));
  await follower.stop();
});
