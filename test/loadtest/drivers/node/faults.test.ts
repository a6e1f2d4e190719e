import assert from "node:assert/strict";
import { test } from "node:test";
import type { DriveOrder } from "../../../../loadtest/drivers/contract.ts";
import type { Measurement } from "../../../../loadtest/measurement/measurement.ts";
import { unknownMessages } from "../../../../loadtest/analysis/failures/failures.ts";
import { createNodeDriver } from "../../../../loadtest/drivers/node/driver.ts";
import { createConnections } from "../../../../loadtest/drivers/node/connections.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { dialogId } from "../../../../server/placement/dialog.ts";
import { readText } from "../../../../loadtest/traffic/text.ts";
import type { Dials } from "../../../../loadtest/traffic/contract.ts";
import { unusedPort } from "../../../support/server.ts";
import { startFakeChat, type Sent } from "../fake-chat.ts";

const dials: Dials = { ...DEFAULT_DIALS, users: 4, rate: 200, durationS: 0.5, warmupS: 0, offlineShare: 0, seed: 3 };

/** For what never comes. */
const DRAIN_MS = 300;

function orderOf(url: string, changes: Partial<DriveOrder> = {}): DriveOrder {
  return { runId: "r123456789", scenario: "random", dials, url, secret: "s", shards: ["00"], ...changes };
}

/** Drives a chat that treats messages as told. @param onSend is also given how many connections there were */
async function driveAt(onSend: (sent: Sent, connections: number) => void, changes: Partial<DriveOrder> = {}) {
  const chat = await startFakeChat((sent) => onSend(sent, chat.connections));
  try {
    const measurement = await createNodeDriver(DRAIN_MS).drive(orderOf(chat.url, changes));
    assertCountersAddUp(measurement);
    return { measurement, connections: chat.connections, acked: measurement.shards["00"]!.acked };
  } finally {
    await chat.stop();
  }
}

/** A run without an end of its own, until the test has seen what it waits for: it does so at any speed. */
function endless(changes: Partial<Dials> = {}): { changes: Partial<DriveOrder>; readonly enough: () => void } {
  const abort = new AbortController();
  const signal = abort.signal;
  return { changes: { dials: { ...dials, durationS: 3_600, ...changes }, signal }, enough: () => abort.abort() };
}

function assertCountersAddUp(measurement: Measurement): void {
  const { planned, sent, refused, unknown, late, notConnected, failed, shards } = measurement;
  const acked = Object.values(shards).reduce((sum, shard) => sum + shard.acked, 0);
  assert.ok(sent > 0);
  assert.equal(sent, acked + refused + unknown);
  assert.equal(planned, sent + late + notConnected);
  assert.equal(failed.code.length, refused + unknown + notConnected);
}

function good(sent: Sent): void {
  sent.ack();
  sent.deliver();
}

test("users of a closed model wait for their answers: no more messages are under way than there are users", async () => {
  const { changes, enough } = endless({ arrivals: "closed:3/think=0ms" });
  const waiting: Sent[] = [];
  let most = 0;
  let sent = 0;
  const { measurement } = await driveAt((one) => {
    waiting.push(one);
    most = Math.max(most, waiting.length);
    sent += 1;
    if (sent >= 60) enough();
    // The first of three is refused, the others acknowledged.
    if (waiting.length < 3 && sent < 60) return;
    for (const [index, message] of waiting.splice(0).entries()) {
      if (index === 0) message.refuse("OVERLOADED");
      else good(message);
    }
  }, changes);
  assert.equal(most, 3);
  assert.ok(measurement.sent >= 60 && measurement.refused >= 19, `${measurement.sent}, ${measurement.refused} refused`);
});

test("a user of a closed model whose connection is gone goes on, and does not run in circles", async () => {
  const { changes, enough } = endless({ arrivals: "closed:1/think=0ms" });
  const { measurement } = await driveAt((one, connections) => {
    if (connections > 5) enough();
    if (one.number % 20 === 0) one.close(1011);
    else good(one);
  }, changes);
  assert.ok(measurement.unknown >= 1, "what had no answer");
  assert.ok(measurement.notConnected <= measurement.sent, `${measurement.notConnected} of ${measurement.sent}`);
});

test("a chat without fault: nothing is held against it", async () => {
  const { measurement, acked, connections } = await driveAt(good);
  const { sent, delivered, duplicated, reordered, errors, shards } = measurement;
  assert.deepEqual(
    { acked, delivered, duplicated, reordered, errors, connections },
    {
      acked: sent,
      delivered: sent,
      duplicated: 0,
      reordered: 0,
      errors: {},
      connections: 4,
    },
  );
  assert.deepEqual(
    [shards["00"]!.delivery.count, shards["00"]!.service.count, shards["00"]!.commit.count, shards["00"]!.commit.max],
    [sent, sent, sent, 1],
  );
});

test("a lost ack is an unknown outcome, named so that it can be asked for", async () => {
  let lost: Sent | undefined;
  const { measurement } = await driveAt((sent) => {
    if (sent.number === 20) lost = sent;
    else sent.ack();
    sent.deliver();
  });
  assert.equal(measurement.unknown, 1);
  const { author, frame } = lost!;
  assert.deepEqual(unknownMessages(measurement, "r123456789"), [
    { dialog: dialogId(author, frame.to!), author, client: frame.id },
  ]);
  assert.equal(measurement.delivered, measurement.sent);
});

test("a lost delivery is missing from the count", async () => {
  const { measurement } = await driveAt((sent) => {
    sent.ack();
    if (sent.number !== 20) sent.deliver();
  });
  assert.equal(measurement.delivered, measurement.sent - 1);
  assert.equal(measurement.unknown, 0);
});

test("a message that comes twice counts as delivered once", async () => {
  const { measurement } = await driveAt((sent) => {
    good(sent);
    if (sent.number === 20) sent.deliver();
  });
  assert.equal(measurement.duplicated, 1);
  assert.equal(measurement.delivered, measurement.sent);
});

test("the twin of a message that was sent again is no fault", async () => {
  const { measurement } = await driveAt((sent) => {
    good(sent);
    if (sent.number === 20) sent.deliver({ resend: true });
  });
  assert.equal(measurement.duplicated, 0);
  assert.equal(measurement.delivered, measurement.sent);
});

test("a message that comes after one whose author had its ack is reordered; others may overtake freely", async () => {
  let held: Sent | undefined;
  let overtaken = 0;
  const { changes, enough } = endless();
  const { measurement } = await driveAt((sent) => {
    sent.ack();
    if (sent.number === 10) held = sent;
    else sent.deliver();
    if (held === undefined || sent === held || sent.author !== held.author || sent.frame.to !== held.frame.to) return;
    const { settled } = readText(sent.frame.text)!;
    if (settled < readText(held.frame.text)!.seq) return;
    held.deliver();
    held = undefined;
    overtaken++;
    enough();
  }, changes);
  assert.equal(overtaken, 1);
  assert.equal(measurement.reordered, 1);
  assert.equal(measurement.delivered, measurement.sent);

  // Without acks no author knows anything when it writes on: pairs of messages may swap places.
  let waiting: Sent | undefined;
  const swapped = await driveAt(
    (sent) => {
      if (waiting?.author === sent.author && waiting.frame.to === sent.frame.to) {
        sent.deliver();
        waiting.deliver();
        waiting = undefined;
      } else {
        waiting?.deliver();
        waiting = sent;
      }
    },
    { dials: { ...dials, users: 2, durationS: 0.09, rate: 1_000 } },
  );
  assert.ok(swapped.measurement.delivered > 20);
  assert.equal(swapped.measurement.reordered, 0);
});

test("errors count by what they say of the outcome", async () => {
  const { measurement } = await driveAt((sent) => {
    if (sent.number % 10 === 0) sent.refuse("OVERLOADED");
    else if (sent.number % 10 === 5) sent.refuse("SHARD_UNAVAILABLE");
    else good(sent);
  });
  const { refused, unknown, errors, sent } = measurement;
  assert.equal(refused, Math.floor(sent / 10));
  assert.equal(unknown, Math.floor((sent + 5) / 10));
  assert.deepEqual(errors, { OVERLOADED: refused, SHARD_UNAVAILABLE: unknown });
  assert.equal(measurement.reordered, 0);
});

test("a refused message is answered: it does not hold back what the next ones tell their readers", async () => {
  const { changes, enough } = endless({ users: 2 });
  let refused = 0;
  await driveAt((sent) => {
    if (sent.number % 10 === 0) sent.refuse("OVERLOADED");
    else good(sent);
    const { seq, settled } = readText(sent.frame.text)!;
    if (sent.number % 10 === 0) refused = Math.max(refused, seq);
    // Of either author all up to here is answered, among it what was refused.
    if (settled > 40) enough();
  }, changes);
  assert.ok(refused > 10);
});

test("what is not of the protocol is counted and stops nothing", async () => {
  const { measurement, acked } = await driveAt((sent) => {
    good(sent);
    if (sent.number === 10) sent.ack();
    if (sent.number === 11) sent.say("{");
    if (sent.number === 12) sent.say("[null]");
    if (sent.number === 13) sent.say('{"type":"error","code":"NEW_IN_VERSION_2"}');
    if (sent.number === 14) sent.say('{"type":"message","from":2,"to":1,"client":"of-another-run","text":"hello"}');
  });
  assert.deepEqual(measurement.errors, { UNEXPECTED_ACK: 1, BAD_SERVER_FRAME: 2, UNLISTED: 1 });
  assert.equal(acked, measurement.sent);
  assert.equal(measurement.delivered, measurement.sent);
});

test("a closed connection comes back with back-off; what it waited for is unknown, what came meanwhile not connected", async () => {
  const { changes, enough } = endless({ rate: 2_000 });
  let lost = 0;
  const { measurement, connections } = await driveAt((sent, soFar) => {
    if (sent.number === 30) {
      lost = sent.author;
      sent.close(4101);
      return;
    }
    good(sent);
    if (soFar === 5 && sent.author === lost) enough();
  }, changes);
  assert.equal(connections, 5);
  assert.ok(measurement.notConnected > 0);
  assert.ok(measurement.unknown >= 1);
});

test("a user who comes later was away until then", async (t) => {
  const chat = await startFakeChat(good);
  t.after(() => chat.stop());
  const connections = createConnections(chat.url, "s", [1], {
    onFrame() {},
    onRead() {},
    onBadFrame() {},
    onLost() {},
  });
  t.after(() => connections.close());
  await connections.connect(undefined);
  assert.deepEqual(connections.absences(), []);
  const asked = performance.now();
  connections.join(2);
  while (connections.session(2) === null) await new Promise(setImmediate);
  const [absence, ...more] = connections.absences();
  assert.deepEqual([absence!.user, more.length], [2, 0]);
  assert.ok(absence!.from < asked && absence!.until! > asked);
});

test("a client that is asked to stay away stays away, and the others go on", async () => {
  const { changes, enough } = endless({ rate: 2_000 });
  const { connections, measurement } = await driveAt((sent) => {
    if (sent.number === 30) sent.close(4000);
    else good(sent);
    if (sent.number === 2_000) enough();
  }, changes);
  assert.equal(connections, 4);
  assert.ok(measurement.notConnected > 20);
});

test("an abort stops the sending, drains, and returns what was measured", async () => {
  const { changes, enough } = endless();
  const onSend = (sent: Sent) => {
    if (sent.number === 50) enough();
    setTimeout(() => good(sent), 50);
  };
  const { measurement, acked } = await driveAt(onSend, changes);
  assert.equal(measurement.interrupted, true);
  assert.ok(measurement.planned >= 50 && measurement.planned < 10_000, `${measurement.planned}`);
  assert.equal(acked, measurement.sent, "answers that were under way are waited for");
});

test("an abort before the start ends at once, with nothing planned", async () => {
  const chat = await startFakeChat(good);
  try {
    const measurement = await createNodeDriver(DRAIN_MS).drive(orderOf(chat.url, { signal: AbortSignal.abort() }));
    assert.deepEqual([measurement.interrupted, measurement.planned, chat.connections], [true, 0, 0]);
  } finally {
    await chat.stop();
  }
});

test("progress is told once a second, with its phase", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const seen: string[] = [];
  // 300 messages of the warm-up and 200 of the rest: the seconds pass in the middle of either.
  const onSend = (sent: Sent) => {
    good(sent);
    if (sent.number === 100 || sent.number === 450) t.mock.timers.tick(1_000);
  };
  await driveAt(onSend, {
    dials: { ...dials, warmupS: 1.5, durationS: 1 },
    onProgress: ({ phase, elapsedS, totalS, acked, sent, rate }) => {
      seen.push(phase);
      assert.ok(elapsedS > 0 && totalS === 2.5 && rate >= 0 && acked["00"]! <= sent);
    },
  });
  assert.deepEqual(seen, ["warmup", "measure"]);
});

test("no server: a coded error that says where and what to do", async () => {
  const port = await unusedPort();
  await assert.rejects(createNodeDriver().drive(orderOf(`ws://127.0.0.1:${port}/chat`)), {
    name: "DriveError",
    code: "UNREACHABLE",
    message: new RegExp(`cannot connect to ws://127.0.0.1:${port}/chat .*start the server`),
  });
});
