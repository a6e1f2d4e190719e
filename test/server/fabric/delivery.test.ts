import assert from "node:assert/strict";
import { test } from "node:test";
import type { Delivery } from "../../../server/fabric/contract.ts";
import { createHub } from "../../../server/fabric/in-process.ts";
import { createGuard } from "../../../server/guard.ts";

interface Node {
  readonly delivery: Delivery;
  /** `users:frame`, in the order in which they came. */
  readonly got: string[];
}

/** Every fabric. `told` hears of what a receiver throws. */
const FABRICS: Readonly<Record<string, (told: (what: string) => void) => () => Delivery>> = {
  "in process": (told) => {
    const hub = createHub(createGuard(told));
    return () => hub.join();
  },
};

function node(join: () => Delivery): Node {
  const delivery = join();
  const got: string[] = [];
  delivery.onDeliver((users, frame) => void got.push(`${users.join("+")}:${frame}`));
  return { delivery, got };
}

for (const [name, create] of Object.entries(FABRICS)) {
  test(`${name}: a frame reaches every other node once, in the order of its node, and never comes back`, () => {
    const join = create(() => assert.fail("nothing failed"));
    const [a, b, c] = [node(join), node(join), node(join)];
    a.delivery.publish([1, 2], "one");
    b.delivery.publish([3], "two");
    a.delivery.publish([1], "three");
    assert.deepEqual(a.got, ["3:two"]);
    assert.deepEqual(b.got, ["1+2:one", "1:three"]);
    assert.deepEqual(c.got, ["1+2:one", "3:two", "1:three"]);
  });

  test(`${name}: nobody else is no fault, and a receiver that fails harms neither sender nor others`, () => {
    const told: string[] = [];
    const join = create((what) => told.push(what));
    const sender = node(join);
    sender.delivery.publish([1], "alone");
    const broken = join();
    broken.onDeliver(() => {
      throw new Error("a bug");
    });
    const well = node(join);
    sender.delivery.publish([1], "one");
    assert.deepEqual(well.got, ["1:one"]);
    assert.deepEqual(told, ["delivery from another node"]);
  });
}
