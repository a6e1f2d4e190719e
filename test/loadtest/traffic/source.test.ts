import assert from "node:assert/strict";
import { test } from "node:test";
import type { Action, Lane } from "../../../loadtest/traffic/contract.ts";
import { sourceOf, withNoops } from "../../../loadtest/traffic/source.ts";

/** One message every so many milliseconds. */
function laneOf(everyMs: number, count: number): Lane {
  let made = 0;
  const next = (): Action | null => (made < count ? { at: ++made * everyMs, user: 1, do: "send", target: 2 } : null);
  return { rate: 1, hasAuthor: () => true, next };
}

function takeAll(source: ReturnType<typeof sourceOf>): Action[] {
  const taken: Action[] = [];
  while (!source.isOver(0)) {
    const due = source.dueAt();
    const action = source.take();
    assert.equal(action.at, due, "what is due is what is taken");
    taken.push(action);
  }
  return taken;
}

test("actions of nothing come beside the messages, in the order of time, and end with them", () => {
  const plain = takeAll(sourceOf([laneOf(10, 1_000)], 10_000));
  const mixed = takeAll(withNoops(sourceOf([laneOf(10, 1_000)], 10_000)));
  assert.deepEqual(
    mixed.filter((action) => action.do === "send"),
    plain,
    "the messages are the same",
  );
  const noops = mixed.filter((action) => action.do === "noop");
  assert.equal(noops.length, Math.floor(10_000 / 53.7));
  assert.deepEqual(
    mixed.map(({ at }) => at),
    mixed.map(({ at }) => at).toSorted((a, b) => a - b),
  );
  const parts = noops.map(({ at }) => at % 1).toSorted((a, b) => a - b);
  assert.ok(parts[0]! < 0.2 && parts.at(-1)! > 0.8, "at all parts of a millisecond");
});
