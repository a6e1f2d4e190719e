import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startOwnServer } from "../../../../../loadtest/run/own-server.ts";
import { readText } from "../../../../../loadtest/traffic/text.ts";
import { skipWithoutK6 } from "../../../../support/k6.ts";
import { startFakeChat, type Sent } from "../../fake-chat.ts";
import { runK6 } from "./run-k6.ts";

const LADY_GAGA = "loadtest/scenarios/lady-gaga.ts";
/** Two users that write to each other, most of the time. */
const DIALS = {
  USERS: "4",
  OFFLINE_SHARE: "0",
  HOT_SHARE: "0.9",
  RATE: "50",
  DURATION: "1s",
  WARMUP: "200ms",
  DRAIN: "2500ms",
};
/** k6's exit code for a crossed threshold. */
const CROSSED = 99;

/** What the chat does wrong, once. */
type Slip = "none" | "twin" | "ack" | "message" | "order";

const EXPECTED: Readonly<Record<Slip, RegExp>> = {
  none: /verdict: VALID/u,
  // What was sent again comes again: no fault.
  twin: /verdict: VALID/u,
  ack: /verdict: FAILED\n.*1 messages failed \(0 refused, 1 without an answer/u,
  message: /verdict: FAILED\n.*1 acknowledged messages did not reach a reader/u,
  order: /verdict: FAILED\n.*1 messages were received out of order/u,
};

/** Acks and delivers every message but for one slip. */
function chatThatSlips(slip: Slip): (sent: Sent) => void {
  let left = slip === "none" ? 0 : 1;
  let held: Sent | null = null;
  return (sent) => {
    if (slip !== "ack" || left-- <= 0) sent.ack();
    if (held !== null && comesAfter(sent, held)) {
      sent.deliver();
      held.deliver();
      held = null;
    } else if (slip === "order" && left-- > 0) held = sent;
    else if (slip !== "message" || left-- <= 0) sent.deliver();
    if (slip === "twin") sent.deliver({ resend: true });
  };
}

/** Whether the author had the answer to `held` in hand when it wrote `sent`: only then is their order a promise. */
function comesAfter(sent: Sent, held: Sent): boolean {
  const samePair = sent.author === held.author && sent.frame.to === held.frame.to;
  const settled = readText(sent.frame.text)?.settled ?? 0;
  return samePair && settled >= (readText(held.frame.text)?.seq ?? Number.POSITIVE_INFINITY);
}

for (const [slip, expected] of Object.entries(EXPECTED) as [Slip, RegExp][]) {
  test(`a server whose slip is "${slip}"`, { skip: skipWithoutK6 }, async (t) => {
    const server = await startFakeChat(chatThatSlips(slip));
    t.after(() => server.stop());
    const { code, stdout, stderr } = await runK6(LADY_GAGA, { ...DIALS, URL: server.url });
    assert.match(stdout, expected, stderr);
    assert.equal(code, slip === "none" || slip === "twin" ? 0 : CROSSED);
  });
}

test("an address where nobody listens ends the run at once", { skip: skipWithoutK6 }, async () => {
  // Port 9 (discard) needs a privilege that nobody gives away any more.
  const { code, stdout, stderr } = await runK6(LADY_GAGA, { ...DIALS, DURATION: "10m", URL: "ws://127.0.0.1:9/chat" });
  assert.equal(code, CROSSED);
  assert.match(stdout, /verdict: INVALID\n.*connections were refused or lost/u);
  assert.match(stderr, /127\.0\.0\.1:9/u);
});

test("tokens signed with another secret are refused", { skip: skipWithoutK6 }, async (t) => {
  const data = await mkdtemp(join(tmpdir(), "hotshard-k6-test-"));
  t.after(() => rm(data, { recursive: true, force: true }));
  const server = await startOwnServer(["--data", data, "--secret", "the secret of the server"]);
  t.after(() => server.stop());
  const { code, stdout, stderr } = await runK6(LADY_GAGA, {
    ...DIALS,
    URL: server.url,
    HOTSHARD_SECRET: "another secret",
  });
  assert.equal(code, CROSSED);
  assert.match(stdout, /verdict: INVALID\n.*connections were refused or lost/u);
  assert.match(stderr, /UNAUTHENTICATED/u);
});

test(
  "a generator that is later than allowed says so instead of blaming the server",
  { skip: skipWithoutK6 },
  async (t) => {
    const server = await startFakeChat(chatThatSlips("none"));
    t.after(() => server.stop());
    // Nobody is in time to a microsecond.
    const { code, stdout } = await runK6(LADY_GAGA, { ...DIALS, URL: server.url, MAX_LAG_MS: "0.001" });
    assert.equal(code, CROSSED);
    assert.match(stdout, /verdict: INVALID\n.*the generator was the bottleneck/u);
  },
);

test("bad dials are told before anything is sent", { skip: skipWithoutK6 }, async () => {
  const { code, stderr } = await runK6(LADY_GAGA, { ...DIALS, RATE: "many", MODE: "solo" });
  assert.notEqual(code, 0);
  assert.match(stderr, /rate must be .*mode must be/u);
});
