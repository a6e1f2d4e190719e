import assert from "node:assert/strict";
import { test } from "node:test";
import { createOutbox, type Attempt } from "../../../../loadtest/drivers/prometheus/outbox.ts";

const body = (number: number) => Uint8Array.of(number);
const AT_ONCE = Promise.resolve();
const NEVER = new Promise<void>(() => {});
const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** A receiver that is asked one by one; it answers what the test says. */
function createReceiver() {
  const asked: number[] = [];
  let answer: ((attempt: Attempt) => void) | null = null;
  return {
    asked,
    send: (sent: Uint8Array<ArrayBuffer>) => {
      asked.push(sent[0]!);
      return new Promise<Attempt>((resolve) => (answer = resolve));
    },
    say: async (outcome: Attempt["outcome"], reason?: string) => {
      answer?.({ outcome, ...(reason !== undefined && { reason }) });
      await turn();
    },
  };
}

test("bodies arrive in their order, one at a time, also those of a time without a receiver", async () => {
  const { asked, say, send } = createReceiver();
  const outbox = createOutbox(send, 10);
  outbox.put(body(1));
  outbox.put(body(2));
  assert.deepEqual(asked, [1]);
  await say("again", "gone");
  assert.deepEqual(asked, [1], "not before the next one");
  outbox.put(body(3));
  await say("taken");
  await say("taken");
  await say("taken");
  assert.deepEqual(asked, [1, 1, 2, 3]);
  assert.deepEqual(await outbox.end(NEVER), { put: 3, lost: 0, reason: "gone" });
});

test("what is refused is not sent again, and what is left at the deadline is lost", async () => {
  const { asked, say, send } = createReceiver();
  const outbox = createOutbox(send, 10);
  outbox.put(body(1));
  await say("refused", "400 out of bounds");
  outbox.put(body(2));
  await say("again", "503");
  outbox.put(body(3));
  const { promise, resolve } = Promise.withResolvers<void>();
  const ended = outbox.end(promise);
  assert.deepEqual(asked, [1, 2, 2]);
  resolve();
  assert.deepEqual(await ended, { put: 3, lost: 3, reason: "503" });
});

test("beyond the limit the oldest is lost, and never the one that is on its way", async () => {
  const { asked, say, send } = createReceiver();
  const outbox = createOutbox(send, 2);
  for (const number of [1, 2, 3, 4]) outbox.put(body(number));
  await say("taken");
  await say("taken");
  assert.deepEqual(asked, [1, 4]);
  assert.deepEqual(await outbox.end(NEVER), { put: 4, lost: 2 });
});

test("an empty outbox ends at once", async () => {
  const outbox = createOutbox(createReceiver().send, 2);
  assert.deepEqual(await outbox.end(AT_ONCE), { put: 0, lost: 0 });
});
