import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutbox } from "../../server/chat/outbox.ts";
import { createGuard, guardEach } from "../../server/guard.ts";
import type { Envelope } from "../../server/observability/probe.ts";
import type { Traces } from "../../server/observability/traces.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { scripted } from "../support/scripted-store.ts";

const broken = (): never => {
  throw new TypeError("a bug");
};

test("what throws is told, each kind once in ten seconds, and nothing of it reaches the caller", () => {
  let now = 0;
  const told: string[] = [];
  const guard = createGuard(
    (what) => {
      told.push(what);
      // Whoever is told may be what is broken.
      broken();
    },
    () => now,
  );
  const sums: number[] = [];
  const add = guard("sums", (a: number, b: number) => void sums.push(a + b));
  add(1, 2);
  assert.deepEqual(sums, [3]);
  const [one, two] = [guard("one", broken), guard("two", broken)];
  for (; now < 10_000; now += 100) {
    one();
    two();
  }
  assert.deepEqual(told, ["one", "two"]);
  one();
  assert.deepEqual(told, ["one", "two", "one"]);
});

test("of an object the methods that are named do not throw", () => {
  const told: string[] = [];
  const guard = createGuard((what) => told.push(what));
  const target = guardEach(guard, "target", { quiet: broken, loud: broken, value: 5 }, ["quiet"]);
  target.quiet();
  assert.throws(() => target.loud());
  assert.deepEqual([target.value, told], [5, ["target"]]);
});

test("a connection that cannot be written to does not keep the others from being", async () => {
  const told: string[] = [];
  const outbox = createOutbox(
    broken,
    createGuard((what) => told.push(what)),
  );
  let written = 0;
  outbox.add({ flush: broken });
  outbox.add({ flush: () => written++ });
  outbox.delivered({} as Envelope);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(written, 1);
  assert.deepEqual(told, ["writing to a connection", "delivered messages"]);
});

test("the chat goes on with traces whose every part fails", async (t) => {
  const traces: Traces = {
    probe: { placed: broken, refused: broken, committed: broken, delivered: broken, decoded: broken, answered: broken },
    start: () => {},
    counts: () => ({ accepted: 0, dropped: 0 }),
    close: async () => {},
  };
  const server = await listen(t, [scripted()], [], { traces });
  await server.open();
  const [ann, bob] = [await connect(server.chatUrl, 1), await connect(server.chatUrl, 2)];
  const ids = Array.from({ length: 100 }, (_, i) => `${i}`);
  ann.send(...ids.map((id) => ({ type: "send", id, to: 2, text: "x" })));
  for (const id of ids) assert.equal((await ann.next("ack")).id, id);
  for (const id of ids) assert.equal((await bob.next("message")).client, id);
  await ann.settle();
  assert.deepEqual(ann.untaken(), [], "no error was answered");
  const lines = server.log.filter((line) => line.includes("a side channel failed"));
  assert.equal(lines.length, 1, "told once, not a hundred times");
  assert.equal(metricValue(await scrape(server.url), 'chat_errors_total{code="INTERNAL"}'), 1);
});
