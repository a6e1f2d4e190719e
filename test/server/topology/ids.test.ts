import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { composeId, ID_EPOCH_MS, MAX_COUNTER, messageTime } from "../../../server/placement/message-id.ts";
import { createGrantedIds } from "../../../server/topology/ids.ts";
import type { Grant } from "../../../server/topology/state.ts";

const START = ID_EPOCH_MS + 1_000_000;
const NODE_MASK = 1_023n;

function grant(node: number, fromMs: number, untilMs: number): Grant {
  return {
    node,
    incarnation: 1,
    from: composeId(fromMs, 0, 0).toString(),
    until: composeId(untilMs, 0, 0).toString(),
  };
}

test("ids ascend, keep their node and stay inside the grant, whatever the wall clock does and whatever is passed", () => {
  const step = fc.oneof(
    fc.record({ wall: fc.integer({ min: -5_000, max: 5_000 }) }),
    fc.record({ mint: fc.integer({ min: 1, max: 10_000 }) }),
    fc.record({ pass: fc.integer({ min: -5_000, max: 50_000 }), low: fc.integer({ min: 0, max: 2 ** 22 - 1 }) }),
    fc.record({ node: fc.integer({ min: 0, max: 1_023 }), from: fc.integer({ min: -5_000, max: 5_000 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let wall = START;
      const ids = createGrantedIds(() => wall);
      let own = grant(5, START, START + 10_000);
      ids.use(own);
      let last = -1n;
      let least = 0n;
      let told = 0n;
      for (const step of steps) {
        // The wall clock may go back after somebody was told what may come.
        if (ids.peek() > told) told = ids.peek();
        if ("wall" in step) wall += step.wall;
        else if ("pass" in step) {
          const boundary = composeId(START + step.pass, 0, 0) + BigInt(step.low);
          ids.pass(boundary);
          if (boundary > least) least = boundary;
        } else if ("node" in step) {
          const from = Math.max(START, wall + step.from);
          own = grant(step.node, from, from + 10_000);
          ids.use(own);
        } else {
          for (let i = 0; i < step.mint; i++) {
            const peeked = ids.peek();
            assert.ok(peeked > last, "what may come is above what came");
            const id = ids.next();
            if (id === null) break;
            assert.equal(id, peeked);
            assert.ok(id > last && id >= least && id >= told);
            assert.ok(id >= BigInt(own.from) && id < BigInt(own.until));
            assert.equal(id & NODE_MASK, BigInt(own.node));
            last = id;
          }
        }
      }
    }),
    { numRuns: 200, seed: 4 },
  );
});

test("a burst of 10,000 in one millisecond borrows from the next two, and lends back", () => {
  let wall = START;
  const ids = createGrantedIds(() => wall);
  ids.use(grant(5, START, START + 10_000));
  const minted = Array.from({ length: 10_000 }, () => ids.next()!);
  assert.equal(new Set(minted).size, 10_000);
  assert.equal(messageTime(minted[0]!), START);
  assert.equal(messageTime(minted.at(-1)!), START + 2);
  wall = START + 3;
  assert.equal(ids.next(), composeId(START + 3, 0, 5));
});

test("without a grant there is no id; at its end by the wall clock there is none, and a later end gives them again", () => {
  let wall = START;
  const ids = createGrantedIds(() => wall);
  assert.equal(ids.next(), null);
  ids.use(grant(0, START, START + 10));
  assert.equal(ids.next(), composeId(START, 0, 0));
  wall = START + 9;
  assert.equal(ids.next(), composeId(START + 9, 0, 0));
  wall = START + 10;
  assert.equal(ids.next(), null);
  ids.use(grant(0, START, START + 20));
  assert.equal(ids.next(), composeId(START + 10, 0, 0));
  ids.stop();
  assert.equal(ids.next(), null);
});

test("a grant ahead of the clock ends by its number of ids", () => {
  const ids = createGrantedIds(() => START);
  ids.use(grant(1, START + 500, START + 502));
  const per = MAX_COUNTER + 1;
  const minted = Array.from({ length: 2 * per }, () => ids.next()!);
  assert.deepEqual([minted[0], minted.at(-1)], [composeId(START + 500, 0, 1), composeId(START + 501, MAX_COUNTER, 1)]);
  assert.equal(ids.next(), null);
});

test("what is called stable stays within what was granted: another may be granted what comes after", () => {
  let wall = START;
  const ids = createGrantedIds(() => wall);
  ids.use(grant(0, START, START + 10));
  wall = START + 7;
  assert.equal(ids.stable(), composeId(START + 7, 0, 0));
  wall = START + 30;
  assert.equal(ids.stable(), composeId(START + 10, 0, 0));
  ids.stop();
  assert.equal(ids.stable(), composeId(START + 10, 0, 0));
  ids.use(grant(0, START, START + 40));
  assert.equal(ids.stable(), composeId(START + 30, 0, 0));
});

test("a boundary is passed at once, itself the first id that may follow", () => {
  const ids = createGrantedIds(() => START);
  ids.use(grant(0, START, START + 10_000));
  ids.pass(composeId(START + 700, 0, 0));
  assert.equal(ids.peek(), composeId(START + 700, 0, 0));
  ids.pass(composeId(START + 700, 0, 3));
  assert.equal(ids.next(), composeId(START + 701, 0, 0));
  ids.pass(composeId(START + 20_000, 0, 0));
  assert.equal(ids.next(), null, "it is beyond the grant");
});

test("a wall clock from before the epoch of the ids counts as stopped", () => {
  const ids = createGrantedIds(() => 0);
  ids.use(grant(0, ID_EPOCH_MS, ID_EPOCH_MS + 10));
  const [first, second] = [ids.next()!, ids.next()!];
  assert.ok(first >= 0n && second > first);
  assert.equal(messageTime(second), ID_EPOCH_MS);
});
