import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createIdClock } from "../../../server/chat/clock.ts";
import { composeId, ID_EPOCH_MS, MAX_COUNTER, messageTime } from "../../../server/placement/message-id.ts";

const START = ID_EPOCH_MS + 1_000_000;
const NODE_MASK = 1_023n;

test("ids ascend and keep their node, whatever the wall clock does and whatever is observed", () => {
  const step = fc.oneof(
    fc.record({ wall: fc.integer({ min: -5_000, max: 5_000 }) }),
    fc.record({ mint: fc.integer({ min: 1, max: 10_000 }) }),
    fc.record({ observe: fc.integer({ min: -5_000, max: 50_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.integer({ min: 0, max: 1_023 }), (steps, node) => {
      let wall = START;
      const clock = createIdClock(node, () => wall);
      let last = clock.next();
      for (const step of steps) {
        if ("wall" in step) wall += step.wall;
        else if ("observe" in step) {
          const seen = composeId(START + step.observe, MAX_COUNTER, 1_023);
          clock.observe(seen);
          last = last > seen ? last : seen;
        } else {
          for (let i = 0; i < step.mint; i++) {
            const peeked = clock.peek();
            const id = clock.next();
            assert.ok(id > last && id < 2n ** 63n);
            assert.equal(id & NODE_MASK, BigInt(node));
            assert.equal(peeked, id);
            last = id;
          }
        }
      }
    }),
    { numRuns: 100, seed: 4 },
  );
});

test("a burst of 10,000 in one millisecond borrows from the next two, and lends back", () => {
  let wall = START;
  const clock = createIdClock(5, () => wall);
  const ids = Array.from({ length: 10_000 }, () => clock.next());
  assert.equal(new Set(ids).size, 10_000);
  assert.equal(messageTime(ids[0]!), START);
  assert.equal(messageTime(ids.at(-1)!), START + 2);
  wall = START + 3;
  assert.equal(clock.next(), composeId(START + 3, 0, 5));
});

test("a wall clock from before the epoch of the ids counts as stopped", () => {
  const clock = createIdClock(0, () => 0);
  const [first, second] = [clock.next(), clock.next()];
  assert.ok(first >= 0n && second > first);
  assert.equal(messageTime(second), ID_EPOCH_MS);
});
