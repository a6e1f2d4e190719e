import assert from "node:assert/strict";
import { test } from "node:test";
import { hash } from "node:crypto";
import { createLedger, TEXT_STREAM, type Ledger } from "../../../loadtest/drivers/ledger.ts";
import { createTally, type Tally } from "../../../loadtest/drivers/node/tally.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { createRandom } from "../../../loadtest/stats/random.ts";
import { findScenario } from "../../../loadtest/traffic/stories/registry.ts";
import { readText } from "../../../loadtest/traffic/text.ts";

const dials = { ...DEFAULT_DIALS, users: 4, offlineShare: 0, warmupS: 0 };
/** A socket that is handed its frames when the test says so, on a clock that the test sets. */
function fakes() {
  let now = 0;
  const queued: (() => string)[] = [];
  const clock = { now: () => now };
  const queue = (make: () => string) => void queued.push(make);
  const frames = () => queued.splice(0).map((make) => JSON.parse(make()) as { id: string; text: string });
  return { clock, queue, frames, pass: (ms: number) => void (now += ms) };
}

/** Of a schedule that waits for no answer. */
const ledgerOn = (clock: { now(): number }, tally: Tally): Ledger =>
  createLedger({
    story: findScenario("random")!.make(dials),
    runId: "abcdefghij",
    warmupS: 0,
    clock,
    books: tally,
    balance: tally.balance,
    gaps: { sent: () => {} },
    random: createRandom(dials.seed, TEXT_STREAM),
    source: { answered: () => {} },
    log: null,
    resend: null,
    md5: (text) => hash("md5", text, "hex"),
  });

test("send lag is that of the moment when the frame is handed to the socket, and service starts there", () => {
  const { clock, queue, frames, pass } = fakes();
  const tally = createTally(["00"], 10, 1_000);
  const ledger = ledgerOn(clock, tally);

  pass(10);
  ledger.take({ at: 8, user: 1, do: "send", target: 2 }, queue);
  ledger.take({ at: 9, user: 1, do: "send", target: 2 }, queue);
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
  ledger.frame(2, { type: "message", ...ids, from: 1, to: 2, client: id, text }, clock.now());
  const { delivery, service } = tally.measurement().shards["00"]!;
  assert.ok(Math.abs(delivery.max - 92) < 1, `${delivery.max}`);
  assert.ok(Math.abs(service.max - 30) < 1, `${service.max}: delivery less the send lag`);
});

/** Lengths of texts by client message id. */
function lengthsOf(flush: "each" | "backwards"): Record<string, number> {
  const { clock, queue, frames } = fakes();
  const ledger = ledgerOn(clock, createTally(["00"], 10, 1_000));
  const found: (readonly [string, number])[] = [];
  const take = (all: ReturnType<typeof frames>) => found.push(...all.map(({ id, text }) => [id, text.length] as const));
  for (const user of [1, 2, 3]) {
    ledger.take({ at: user, user, do: "send", target: 4 }, queue);
    if (flush === "each") take(frames());
  }
  take(frames().toReversed());
  return Object.fromEntries(found);
}

test("texts are those of the seed, in whatever order the sockets are flushed", () => {
  assert.equal(Object.keys(lengthsOf("each")).length, 3);
  assert.deepEqual(lengthsOf("backwards"), lengthsOf("each"));
});
