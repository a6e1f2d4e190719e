import assert from "node:assert/strict";
import { test } from "node:test";
import { atMoment, type EdgeClock } from "../../server/edge/edge-clock.ts";
import { ALL_INSERTED } from "../../server/shards/contract.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { scripted } from "../support/scripted-store.ts";
import { signToken } from "../support/token.ts";
import { virtualClock } from "../support/virtual-clock.ts";

const LIFETIME_S = 3_600;
/** Nobody could answer those of a virtual year. */
const NO_PINGS = ["--ping-ms", "0"];

const secondOf = (clock: EdgeClock) => Math.floor(clock.wall() / 1_000);

for (const hello of ["frame", "header"] as const) {
  test(`a connection ends with its token, said by ${hello}: 4001, and nothing is acknowledged after it`, async (t) => {
    const clock = virtualClock();
    const stored: string[] = [];
    const store = scripted({
      async insert(rows) {
        stored.push(...rows.map((row) => row.client));
        return ALL_INSERTED;
      },
    });
    const server = await listen(t, [store], NO_PINGS, { clock });
    await server.open();
    const token = signToken({ sub: "1", exp: secondOf(clock) + LIFETIME_S });
    const ann = await connect(server.chatUrl, 1, { hello, token });
    const bob = await connect(server.chatUrl, 2, { token: signToken({ sub: "2" }) });
    await clock.advance((LIFETIME_S - 10) * 1_000);
    ann.send({ type: "send", id: "in time", to: 2, text: "x" });
    await ann.next("ack");

    await clock.advance(11_000);
    ann.send({ type: "send", id: "too late", to: 2, text: "x" });
    const error = await ann.next("error");
    assert.deepEqual([error.code, error.retryable], ["UNAUTHENTICATED", false]);
    assert.deepEqual(await ann.closed, { code: 4001, reason: "UNAUTHENTICATED" });
    assert.deepEqual(ann.untaken(), []);
    assert.deepEqual(stored, ["in time"]);
    assert.equal((await bob.next("message")).client, "in time");
    await bob.settle();
    assert.deepEqual(bob.untaken(), []);
    await bob.close();
    assert.equal(clock.timers(), 0, "no timer is left behind");
  });
}

test("a frame that comes before the timer, in a turn that is full, is not taken either", async (t) => {
  const clock = virtualClock();
  let skippedMs = 0;
  const late = { ...clock, wall: () => clock.wall() + skippedMs };
  const server = await listen(t, [scripted()], NO_PINGS, { clock: late });
  await server.open();
  const client = await connect(server.chatUrl, 1, {
    token: signToken({ sub: "1", exp: secondOf(clock) + LIFETIME_S }),
  });
  skippedMs = LIFETIME_S * 1_000;
  client.send({ type: "send", id: "1", to: 2, text: "x" });
  assert.equal((await client.closed).code, 4001);
  assert.deepEqual(
    client.untaken().map(({ type }) => type),
    ["error"],
  );
});

test("a token without an end, and one that ends in a year, keep their connections", async (t) => {
  const clock = virtualClock();
  const server = await listen(t, [scripted()], NO_PINGS, { clock });
  await server.open();
  const endless = await connect(server.chatUrl, 1, { token: signToken({ sub: "1" }) });
  const year = await connect(server.chatUrl, 2, {
    token: signToken({ sub: "2", exp: secondOf(clock) + 365 * 86_400 }),
  });
  await clock.advance(364 * 86_400_000);
  await endless.settle();
  await year.settle();
  await clock.advance(2 * 86_400_000);
  assert.equal((await year.closed).code, 4001);
  await endless.settle();
});

test("a moment of wall time: further than a timer goes, and not before it when the clock is set back", async () => {
  const clock = virtualClock();
  const DAY_MS = 86_400_000;
  const ran: string[] = [];
  atMoment(clock, clock.wall() + 30 * DAY_MS, () => ran.push("after 30 days"));
  atMoment(clock, clock.wall() - 1, () => ran.push("in the past"));
  atMoment(clock, clock.wall() + 1, () => ran.push("cancelled"))();
  let backMs = 0;
  const shifted = { ...clock, wall: () => clock.wall() - backMs };
  atMoment(shifted, clock.wall() + DAY_MS, () => ran.push("by the clock that was set back"));
  backMs = 2 * DAY_MS;
  await clock.advance(0);
  assert.deepEqual(ran, ["in the past"]);
  await clock.advance(3 * DAY_MS - 1);
  assert.deepEqual(ran, ["in the past"]);
  await clock.advance(1);
  assert.deepEqual(ran.slice(1), ["by the clock that was set back"]);
  await clock.advance(27 * DAY_MS);
  assert.deepEqual(ran.slice(2), ["after 30 days"]);
});
