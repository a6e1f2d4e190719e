import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { createLedger, TEXT_STREAM, type Ledger } from "../../../loadtest/drivers/ledger.ts";
import { createTally, type Tally } from "../../../loadtest/drivers/node/tally.ts";
import { backOffMs } from "../../../loadtest/drivers/resend.ts";
import { createRandom } from "../../../loadtest/stats/random.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../loadtest/traffic/stories/registry.ts";
import { composeId, ID_EPOCH_MS } from "../../../server/placement/message-id.ts";
import { ERRORS, type ErrorCode } from "../../../server/protocol/errors.ts";

/** The second window is from 2.5 s to 6.5 s. */
const dials = { ...DEFAULT_DIALS, users: 10, warmupS: 0, durationS: 10, traffic: "random", at: 0.25, lossS: 4 };
const ID = composeId(ID_EPOCH_MS + 3_000, 0, 0).toString();

interface Client {
  readonly ledger: Ledger;
  readonly tally: Tally;
  /** Frames that the socket took, parsed. */
  readonly frames: { id: string; text: string; resend?: boolean }[];
  /** Lets so many ms pass, and what was due in them happen. */
  readonly pass: (ms: number) => void;
  readonly now: () => number;
  /** Takes the connection away, or gives it back. */
  readonly connect: (isOpen: boolean) => void;
  readonly send: (at: number) => void;
  readonly answer: (code: ErrorCode) => void;
  readonly ack: (shard?: string) => void;
}

function client(resends = true): Client {
  let now = 0;
  let isOpen = true;
  let due: { at: number; run: () => void }[] = [];
  const frames: Client["frames"] = [];
  const tally = createTally(["00"], 10, 10_000);
  const ledger = createLedger({
    story: findScenario("shard-loss")!.make(dials),
    runId: "abcdefghij",
    warmupS: 0,
    clock: { now: () => now },
    books: tally,
    balance: tally.balance,
    gaps: { sent: () => {} },
    random: createRandom(1, TEXT_STREAM),
    source: { answered: () => {} },
    log: null,
    md5: (text) => hash("md5", text, "hex"),
    resend: resends
      ? {
          after: (ms, run) => void due.push({ at: now + ms, run }),
          write(_author, frame) {
            if (isOpen) frames.push(JSON.parse(frame));
            return isOpen;
          },
        }
      : null,
  });
  const id = () => frames.at(-1)!.id;
  return {
    ledger,
    tally,
    frames,
    now: () => now,
    connect: (open) => void (isOpen = open),
    pass(ms) {
      const end = now + ms;
      for (;;) {
        const next = due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        due = due.filter((one) => one !== next);
        now = next.at;
        next.run();
      }
      now = end;
    },
    send: (at) => ledger.take({ at, user: 1, do: "send", target: 2 }, (make) => void frames.push(JSON.parse(make()))),
    answer(code) {
      ledger.frame(1, { type: "error", id: id(), code, retryable: ERRORS[code].retryable, message: "" }, now);
    },
    ack: (shard = "00") =>
      ledger.frame(
        1,
        { type: "ack", id: id(), message: ID, dialog: "1_2", shard, stages: { queue: 0, commit: 1 } },
        now,
      ),
  };
}

test("a message that failed for now is sent again with its id, its text and `resend`, and is then acknowledged", () => {
  const { ack, answer, frames, ledger, pass, send, tally } = client();
  pass(3_000);
  send(2_990);
  answer("SHARD_UNAVAILABLE");
  assert.equal(frames.length, 1, "not at once");
  pass(200);
  answer("STALE_TOPOLOGY");
  pass(400);
  const [first, ...again] = frames;
  assert.deepEqual(
    again,
    [1, 2].map(() => ({ ...first, resend: true })),
  );
  assert.equal(ledger.outstanding, 1);
  ack("03");
  assert.equal(ledger.outstanding, 0);
  const { failed, refused, resent, sent, shards, unknown, errors } = tally.measurement();
  assert.deepEqual([sent, resent, refused, unknown, shards["03"]?.acked], [1, 2, 0, 0, 1]);
  assert.equal(failed.code.length, 0);
  assert.deepEqual(errors, { SHARD_UNAVAILABLE: 1, STALE_TOPOLOGY: 1 });
  // From the moment when it was first due.
  assert.deepEqual(ledger.rehearsed(), { stalls: [[1, 2, 610]], acks: [["03", 1, ID, ID]] });
});

test("what is no retry's business fails at once, and a story without retries sends nothing again", () => {
  const one = client();
  one.send(0);
  one.answer("UNSTORABLE");
  assert.deepEqual([one.ledger.outstanding, one.tally.counts.refused], [0, 1]);
  const other = client(false);
  other.send(0);
  other.answer("SHARD_UNAVAILABLE");
  other.pass(60_000);
  assert.deepEqual([other.frames.length, other.tally.counts.unknown, other.tally.counts.resent], [1, 1, 0]);
});

test("tries are bounded: what was doubtful once is of unknown outcome, what was always refused is refused", () => {
  const table: [codes: ErrorCode[], outcome: "refused" | "unknown", code: string][] = [
    [["STALE_TOPOLOGY"], "refused", "STALE_TOPOLOGY"],
    [["SHARD_UNAVAILABLE", "STALE_TOPOLOGY"], "unknown", "SHARD_UNAVAILABLE"],
  ];
  for (const [codes, outcome, code] of table) {
    const { answer, frames, ledger, now, pass, send, tally } = client();
    send(0);
    for (let tries = 0; ledger.outstanding > 0; tries += 1) {
      answer(codes[Math.min(tries, codes.length - 1)]!);
      pass(3_000);
      assert.ok(tries < 50);
    }
    assert.equal(tally.counts[outcome], 1, code);
    assert.deepEqual(tally.measurement().failed.codes, [code]);
    assert.equal(tally.counts.resent, frames.length - 1);
    assert.ok(frames.length > 5 && now() < 120_000, `${frames.length} tries`);
  }
});

test("a connection that is lost, and the end of the run, end the waiting", () => {
  const lost = client();
  lost.send(0);
  lost.answer("SHARD_UNAVAILABLE");
  lost.ledger.abandon(1);
  lost.pass(60_000);
  assert.deepEqual([lost.frames.length, lost.ledger.outstanding, lost.tally.counts.unknown], [1, 0, 1]);
  const away = client();
  away.connect(false);
  away.send(0);
  away.answer("SHARD_UNAVAILABLE");
  away.pass(500);
  assert.equal(away.ledger.outstanding, 1);
  away.connect(true);
  away.pass(3_000);
  away.ack();
  assert.deepEqual([away.ledger.outstanding, away.tally.counts.resent], [0, 1], "a later try has a connection again");
});

test("stalls are those of messages that touch the second window", () => {
  const { ack, ledger, pass, send } = client();
  send(0);
  pass(100);
  ack();
  assert.deepEqual(ledger.rehearsed()?.stalls, []);
  pass(2_300);
  send(2_400);
  pass(300);
  ack();
  send(2_700);
  pass(50);
  ack();
  assert.deepEqual(ledger.rehearsed()?.stalls, [[1, 2, 300]], "the longest");
  pass(4_000);
  send(6_600);
  pass(1_000);
  ack();
  assert.deepEqual(ledger.rehearsed()?.stalls, [[1, 2, 300]]);
});

test("waits double up to two seconds, spread by a quarter to either side, and are over in half a minute", () => {
  assert.deepEqual(
    [1, 2, 3, 9].map((tries) => backOffMs(tries, 0.5)),
    [100, 200, 400, 2_000],
  );
  assert.deepEqual([backOffMs(1, 0), backOffMs(1, 1)], [75, 125]);
  let sum = 0;
  for (let tries = 1; backOffMs(tries, 1) !== null; tries += 1) sum += backOffMs(tries, 1)!;
  assert.ok(sum > 15_000 && sum < 30_000, `${sum} ms`);
});
