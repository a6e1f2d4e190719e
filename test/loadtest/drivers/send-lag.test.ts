import assert from "node:assert/strict";
import { test } from "node:test";
import { createLedger } from "../../../loadtest/drivers/node/ledger.ts";
import type { RunClock } from "../../../loadtest/drivers/node/clock.ts";
import type { Session } from "../../../loadtest/drivers/node/session.ts";
import { createTally } from "../../../loadtest/drivers/node/tally.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../loadtest/traffic/stories/registry.ts";
import { readText } from "../../../loadtest/traffic/text.ts";

const dials = { ...DEFAULT_DIALS, users: 4, offlineShare: 0, warmupS: 0 };
const order = {
  runId: "abcdefghij",
  scenario: "random",
  dials,
  url: "ws://127.0.0.1:1/chat",
  secret: "s",
  shards: ["00"],
};

/** A socket that is handed its frames when the test says so, on a clock that the test sets. */
function fakes() {
  let now = 0;
  const queued: (() => string)[] = [];
  const clock: RunClock = {
    now: () => now,
    at: (moment) => moment,
    start: () => {},
    startedAt: () => "",
    watch: () => {},
    jumpMs: () => 0,
  };
  const session = (user: number): Session => ({
    user,
    pending: new Map(),
    get readAt() {
      return now;
    },
    open: true,
    queue: (make) => void queued.push(make),
    flush: () => {},
    close: async () => {},
  });
  const frames = () => queued.splice(0).map((make) => JSON.parse(make()) as { id: string; text: string });
  return { clock, session, frames, pass: (ms: number) => void (now += ms) };
}

/** Its schedule waits for no answer. */
const openModel = { answered: () => {} };

test("send lag is that of the moment when the frame is handed to the socket, and service starts there", () => {
  const { clock, session, frames, pass } = fakes();
  const tally = createTally(order.shards, 10, 1_000);
  const ledger = createLedger(order, findScenario("random")!.make(dials), tally, clock, openModel);
  const [author, reader] = [session(1), session(2)];

  pass(10);
  ledger.send({ at: 8, user: 1, do: "send", target: 2 }, author);
  ledger.send({ at: 9, user: 1, do: "send", target: 2 }, author);
  assert.equal(tally.sendLag.toData().count, 0, "queued is not handed over");
  pass(60);
  const sent = frames();
  assert.deepEqual(
    sent.map(({ text }) => readText(text)?.sent),
    [70, 70],
  );
  const lag = tally.sendLag.toData();
  assert.equal(lag.count, 2);
  assert.ok(Math.abs(lag.max - 62) < 1, `${lag.max} ms and not 2`);

  pass(30);
  const { id, text } = sent[0]!;
  const ids = { message: "1", dialog: "1_2", shard: "00" };
  ledger.frame(reader, { type: "message", ...ids, from: 1, to: 2, client: id, text });
  const { delivery, service } = tally.measurement().shards["00"]!;
  assert.ok(Math.abs(delivery.max - 92) < 1, `${delivery.max}`);
  assert.ok(Math.abs(service.max - 30) < 1, `${service.max}: delivery less the send lag`);
});

/** Lengths of texts by client message id. */
function lengthsOf(flush: "each" | "backwards"): Record<string, number> {
  const { clock, session, frames } = fakes();
  const ledger = createLedger(
    order,
    findScenario("random")!.make(dials),
    createTally(order.shards, 10, 1_000),
    clock,
    openModel,
  );
  const found: (readonly [string, number])[] = [];
  const take = (all: ReturnType<typeof frames>) => found.push(...all.map(({ id, text }) => [id, text.length] as const));
  for (const user of [1, 2, 3]) {
    ledger.send({ at: user, user, do: "send", target: 4 }, session(user));
    if (flush === "each") take(frames());
  }
  take(frames().toReversed());
  return Object.fromEntries(found);
}

test("texts are those of the seed, in whatever order the sockets are flushed", () => {
  assert.equal(Object.keys(lengthsOf("each")).length, 3);
  assert.deepEqual(lengthsOf("backwards"), lengthsOf("each"));
});
