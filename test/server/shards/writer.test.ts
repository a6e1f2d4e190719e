import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ConfigError } from "../../../server/config-error.ts";
import { StoreError } from "../../../server/shards/contract.ts";
import type { Durability, Fence, Inserted, ShardStore } from "../../../server/shards/contract.ts";
import { createWriter } from "../../../server/shards/writer.ts";
import type { Committed, Failed, Origin, WriterLimits } from "../../../server/shards/row-queue.ts";
import type { CommitReport } from "../../../server/observability/probe.ts";
import { scriptedSession } from "../../support/scripted-store.ts";
import { virtualClock, type VirtualClock } from "../../support/virtual-clock.ts";
import { FENCE, row } from "./rows.ts";

type Outcome = (Committed | Failed) & { key: string };

function opens(): Promise<Durability> {
  return Promise.resolve({ crashSafe: true, settings: "fake" });
}

function answers(): Promise<void> {
  return Promise.resolve();
}

function unused(): never {
  assert.fail("the writer does not read");
}

/** @param others by index: "refused", "fenced", or the id of the first message */
function inserted(others: readonly (readonly [index: number, other: string])[]): Inserted {
  const entries = others.map(([index, other]) => [index, isNotStored(other) ? other : { id: other }] as const);
  return { others: new Map(entries), ...(others.some(([, other]) => other === "refused") && { reason: "too odd" }) };
}

function isNotStored(other: string): other is "refused" | "fenced" {
  return other === "refused" || other === "fenced";
}

/** A store whose every call waits until the test ends it. */
function fakeStore(maxRows?: number) {
  type Others = readonly (readonly [index: number, other: string])[];
  type Call = { ids: string[]; fence: Fence; end: (others?: Others) => void; fail: (error: Error) => void };
  const calls: Call[] = [];
  const attempts: string[] = [];
  let opening = opens;
  let pinging: (connect: () => Promise<void>) => Promise<void> = answers;
  let connects = answers;
  const store: ShardStore = {
    engine: "sqlite",
    ...(maxRows !== undefined && { maxRows }),
    open: async (onConnect) => {
      attempts.push("open");
      const durability = await opening();
      connects = () => onConnect(scriptedSession());
      await connects();
      return durability;
    },
    insert: (rows, fence) =>
      new Promise((resolve, reject) => {
        const ids = rows.map(({ id }) => id);
        calls.push({ ids, fence, end: (others = []) => resolve(inserted(others)), fail: reject });
      }),
    ping: () => (attempts.push("ping"), pinging(connects)),
    abandon: () => void attempts.push("abandon"),
    close: () => (attempts.push("close"), Promise.resolve()),
    history: unused,
    find: unused,
    audit: unused,
    auditDialogs: unused,
    seal: unused,
    admit: unused,
    beat: unused,
    retire: unused,
    fences: unused,
    ids: unused,
    take: unused,
    scan: unused,
    copy: unused,
    digest: unused,
    remove: unused,
    size: unused,
    connections: unused,
  };
  return {
    store,
    calls,
    attempts,
    onOpen: (then: typeof opening) => (opening = then),
    onPing: (then: typeof pinging) => (pinging = then),
  };
}

const to = (settle: (outcome: Committed | Failed) => void): Origin => ({ settle });

/** Whoever writes. */
const ANYBODY = { fence: () => FENCE, onConnect: answers };
const ROOMY: WriterLimits = { queueRows: 1_000, queueBytes: 1_000_000, maxRows: 100 };

/** A commit begins one turn after that of its first row: what a test calls a turn are these two. */
function unhurried(): VirtualClock & { readonly oneTurn: () => Promise<void> } {
  const clock = virtualClock();
  return {
    ...clock,
    oneTurn: () => clock.turn(),
    async turn() {
      await clock.turn();
      await clock.turn();
    },
  };
}

async function started(limits: Partial<WriterLimits> = {}, storeMaxRows?: number) {
  const clock = unhurried();
  const fake = fakeStore(storeMaxRows);
  const reports: CommitReport[] = [];
  const states: string[] = [];
  const outcomes: Outcome[] = [];
  const fenced: string[][] = [];
  const writer = createWriter({
    label: "00",
    store: fake.store,
    ...ANYBODY,
    limits: { ...ROOMY, ...limits },
    clock,
    onCommit: (report) => reports.push(report),
    onState: (state) => states.push(state),
    onFenced: () => fenced.push(answered()),
  });
  const send = (...ids: number[]): (string | null)[] =>
    ids.map((id) => {
      const one = row({ id: String(id) });
      return (
        writer.enqueue(
          one,
          10,
          to((outcome) => outcomes.push({ key: one.id, ...outcome })),
        )?.error ?? null
      );
    });
  const answered = (): string[] => outcomes.map((one) => `${one.key}:${"error" in one ? one.error : one.id}`);
  await writer.start();
  return { ...fake, clock, writer, send, outcomes, answered, reports, states, fenced };
}

describe("grouping", () => {
  test("a lone message is committed at the end of the next turn, without a timer", async () => {
    const { clock, calls, send, outcomes } = await started();
    send(1);
    await clock.oneTurn();
    assert.equal(calls.length, 0);
    await clock.oneTurn();
    assert.deepEqual(calls[0]!.ids, ["1"]);
    assert.equal(clock.now(), 0);
    calls[0]!.end();
    await clock.turn();
    assert.deepEqual(outcomes, [{ key: "1", id: "1", duplicate: false, queueMs: 0, commitMs: 0 }]);
  });

  test("what comes in the next turn goes along; a batch that is full waits for nothing more", async () => {
    const { clock, calls, send } = await started({ maxRows: 3 });
    send(1);
    await clock.oneTurn();
    send(2);
    await clock.oneTurn();
    assert.deepEqual(calls[0]!.ids, ["1", "2"]);
    calls[0]!.end();
    await clock.turn();
    send(3, 4, 5, 6);
    await clock.oneTurn();
    assert.deepEqual(calls[1]!.ids, ["3", "4", "5"]);
    send(7);
    calls[1]!.end();
    await clock.turn();
    await clock.oneTurn();
    assert.deepEqual(calls[2]!.ids, ["6", "7"]);
    assert.equal(calls.length, 3);
  });

  test("what comes in one turn, or while a commit is under way, goes together and in order", async () => {
    const { clock, calls, send, outcomes, answered, writer } = await started();
    send(1, 2);
    await clock.turn();
    send(3, 4);
    await clock.advance(5);
    send(5);
    await clock.advance(2);
    assert.deepEqual(
      calls.map(({ ids }) => ids),
      [["1", "2"]],
    );
    assert.equal(writer.queueRows(), 3);
    assert.equal(writer.queueBytes(), 30);
    assert.equal(writer.oldestPending(), "1");
    calls[0]!.end();
    await clock.turn();
    await clock.turn();
    assert.deepEqual(calls[1]!.ids, ["3", "4", "5"]);
    assert.equal(writer.queueRows(), 0);
    assert.equal(writer.oldestPending(), "3");
    await clock.advance(4);
    calls[1]!.end([[1, "2"]]);
    await clock.turn();
    assert.deepEqual(answered(), ["1:1", "2:2", "3:3", "4:2", "5:5"]);
    assert.deepEqual(outcomes.slice(2), [
      { key: "3", id: "3", duplicate: false, queueMs: 7, commitMs: 4 },
      { key: "4", id: "2", duplicate: true, queueMs: 7, commitMs: 4 },
      { key: "5", id: "5", duplicate: false, queueMs: 2, commitMs: 4 },
    ]);
    assert.equal(writer.oldestPending(), null);
  });

  for (const [limit, storeLimit, sizes] of [
    [1, undefined, [1, 1, 1, 1, 1]],
    [2, undefined, [2, 2, 1]],
    [100, undefined, [5]],
    [100, 3, [3, 2]],
    [2, 3, [2, 2, 1]],
  ] as [number, number | undefined, number[]][]) {
    test(`five rows, at most ${limit} by the writer and ${storeLimit ?? "any"} by the store`, async () => {
      const { clock, calls, send, answered, writer, reports } = await started({ maxRows: limit }, storeLimit);
      send(1, 2, 3, 4, 5);
      for (let at = 0; at < sizes.length; at++) {
        await clock.turn();
        assert.equal(calls.length, at + 1, "one commit at a time");
        await clock.advance(10);
        calls[at]!.end();
        await clock.turn();
      }
      assert.deepEqual(
        calls.map(({ ids }) => ids.length),
        sizes,
      );
      assert.deepEqual(answered(), ["1:1", "2:2", "3:3", "4:4", "5:5"]);
      const squares = sizes.reduce((sum, size) => sum + size * size, 0);
      const { seconds, secondsSquared, rowsSeconds, ...counts } = writer.totals();
      const maxRows = Math.min(limit, storeLimit ?? Infinity);
      assert.deepEqual(counts, { commits: sizes.length, rows: 5, rowsSquared: squares, maxRows });
      assert.ok(Math.abs(seconds - sizes.length * 0.01) < 1e-9 && Math.abs(rowsSeconds - 0.05) < 1e-9);
      assert.ok(Math.abs(secondsSquared! - sizes.length * 0.0001) < 1e-12);
      assert.deepEqual(
        reports.map(({ rows, ok }) => [rows, ok]),
        sizes.map((size) => [size, true]),
      );
    });
  }
});

describe("bounds", () => {
  for (const [name, limits] of [
    ["rows", { queueRows: 3 }],
    ["bytes", { queueBytes: 39 }],
  ] as [string, Partial<WriterLimits>][]) {
    test(`a queue full of ${name} refuses with OVERLOADED and takes again what fits`, async () => {
      const { clock, calls, send, answered } = await started(limits);
      send(1);
      await clock.turn();
      assert.deepEqual(send(2, 3, 4, 5), [null, null, null, "OVERLOADED"]);
      calls[0]!.end();
      await clock.turn();
      await clock.turn();
      assert.deepEqual(send(6), [null]);
      calls[1]!.end();
      await clock.turn();
      await clock.turn();
      calls[2]!.end();
      await clock.turn();
      assert.deepEqual(answered(), ["1:1", "2:2", "3:3", "4:4", "6:6"]);
    });
  }
});

describe("failure", () => {
  test("a refused row is answered alone; its batch, the queue and the shard go on", async () => {
    const { clock, calls, send, answered, writer, states, reports } = await started({ maxRows: 4 });
    send(1, 2, 3, 4, 5);
    await clock.turn();
    calls[0]!.end([
      [0, "refused"],
      [2, "1"],
    ]);
    await clock.turn();
    await clock.turn();
    calls[1]!.end();
    await clock.turn();
    assert.deepEqual(answered(), ["1:UNSTORABLE", "2:2", "3:1", "4:4", "5:5"]);
    assert.deepEqual(
      reports.map(({ rows, duplicates, refused, reason, ok }) => [rows, duplicates, refused, reason, ok]),
      [
        [4, 1, 1, "too odd", true],
        [1, 0, 0, undefined, true],
      ],
    );
    assert.deepEqual([writer.state(), ...states], ["up", "up"]);
    await writer.close();
  });

  test("a fenced batch is answered STALE_TOPOLOGY, and the shard stays up", async () => {
    const { clock, calls, send, answered, writer, reports, fenced } = await started();
    send(1, 2);
    await clock.turn();
    assert.deepEqual(calls[0]!.fence, FENCE);
    calls[0]!.end([
      [0, "fenced"],
      [1, "fenced"],
    ]);
    await clock.turn();
    assert.deepEqual(answered(), ["1:STALE_TOPOLOGY", "2:STALE_TOPOLOGY"]);
    assert.deepEqual([reports[0]!.refused, reports[0]!.duplicates, writer.state()], [2, 0, "up"]);
    assert.deepEqual(fenced, [[]], "told once, before its rows are answered");
  });

  test("a failed commit answers its rows and the queue, refuses new ones, and the shard comes back by itself", async () => {
    const { clock, calls, send, answered, writer, attempts, onPing, states, reports } = await started({ maxRows: 2 });
    send(1, 2);
    await clock.turn();
    send(3, 4, 5);
    onPing(() => Promise.reject(new StoreError("still away", false)));
    calls[0]!.fail(new StoreError("lost", true));
    await clock.turn();
    assert.deepEqual(
      answered(),
      [1, 2, 3, 4, 5].map((id) => `${id}:SHARD_UNAVAILABLE`),
    );
    const { example, ...report } = reports[0]!;
    assert.deepEqual(report, { rows: 2, untried: 3, duplicates: 0, refused: 0, seconds: 0, ok: false });
    assert.equal(example.id, "1");
    assert.deepEqual([writer.state(), writer.queueRows(), writer.queueBytes()], ["down", 0, 0]);
    assert.deepEqual(send(6), ["SHARD_UNAVAILABLE"]);

    // 250 ms, then twice as long each time, up to 2 s.
    const probedAt: number[] = [];
    for (let seen = attempts.length; clock.now() < 8_000;) {
      await clock.advance(50);
      if (attempts.length > seen) probedAt.push(clock.now());
      seen = attempts.length;
    }
    assert.deepEqual(probedAt, [250, 750, 1_750, 3_750, 5_750, 7_750]);
    onPing(answers);
    await clock.advance(2_000);
    assert.deepEqual([writer.state(), ...states], ["up", "up", "down", "up"]);
    assert.deepEqual(send(7), [null]);
    await clock.turn();
    assert.deepEqual(
      calls.map(({ ids }) => ids),
      [["1", "2"], ["7"]],
    );
  });

  test("a shard that answers but cannot store is probed ever more rarely", async () => {
    const { clock, calls, send, writer } = await started();
    const downFor: number[] = [];
    const storedAgain = 4;
    for (let round = 0; round < 6; round++) {
      send(round + 1);
      await clock.turn();
      if (round === storedAgain) {
        calls[round]!.end();
        await clock.turn();
        continue;
      }
      calls[round]!.fail(new StoreError("disk full", false));
      await clock.turn();
      const from = clock.now();
      while (writer.state() === "down") await clock.advance(50);
      downFor.push(clock.now() - from);
    }
    assert.deepEqual(downFor, [250, 500, 1_000, 2_000, 250]);
  });

  for (const [maybeStored, refused] of [
    [true, 0],
    [false, 2],
  ] as const) {
    test(`rows of a failed commit that ${maybeStored ? "may be" : "are surely not"} stored are told as such`, async () => {
      const one = await started({ maxRows: 2 });
      const { clock, calls, send, outcomes, reports } = one;
      send(1, 2, 3);
      await clock.advance(0);
      await clock.turn();
      await clock.advance(30);
      calls[0]!.fail(new StoreError("lost", maybeStored));
      await clock.turn();
      assert.deepEqual([reports[0]!.rows, reports[0]!.refused, reports[0]!.untried], [2, refused, 1]);
      assert.deepEqual(
        outcomes.map(({ queueMs }) => queueMs),
        [0, 0, 30],
      );
      const { writer } = one;
      // Until it is up again, which it is on a new connection: what was sent over the old one may still arrive.
      assert.equal(writer.oldestPending(), maybeStored ? "1" : null);
      await clock.advance(250);
      assert.deepEqual([writer.state(), writer.oldestPending()], ["up", null]);
    });
  }

  test("an author that tries again in the answer is refused, not queued behind the failure", async () => {
    const { clock, calls, writer } = await started();
    let second: string | undefined;
    const again = () =>
      (second = writer.enqueue(
        row({ id: "1" }),
        10,
        to(() => assert.fail("queued")),
      )?.error);
    writer.enqueue(row({ id: "1" }), 10, to(again));
    await clock.turn();
    calls[0]!.fail(new StoreError("lost", true));
    await clock.turn();
    assert.equal(second, "SHARD_UNAVAILABLE");
  });

  test("a commit that hangs is given up after ten seconds, and its late end changes nothing", async () => {
    const { clock, calls, send, answered, writer, attempts } = await started();
    // A quick one first: the watch must look at the age of the commit, not at its own.
    send(1);
    await clock.turn();
    await clock.advance(6_000);
    calls[0]!.end();
    await clock.turn();
    send(2);
    await clock.turn();
    await clock.advance(9_999);
    assert.deepEqual(answered(), ["1:1"]);
    await clock.advance(1);
    assert.deepEqual(answered(), ["1:1", "2:SHARD_UNAVAILABLE"]);
    assert.equal(attempts.at(-1), "abandon");
    await clock.advance(250);
    assert.equal(writer.state(), "up");
    send(3);
    await clock.turn();
    calls[1]!.end();
    await clock.turn();
    assert.deepEqual(answered().slice(2), []);
    calls[2]!.end();
    await clock.turn();
    assert.deepEqual(answered().slice(2), ["3:3"]);
  });
});

describe("start", () => {
  test("a shard that cannot be reached at start is down and is opened when it can", async () => {
    const clock = unhurried();
    const fake = fakeStore();
    fake.onOpen(() => Promise.reject(new StoreError("not there", false)));
    const writer = createWriter({ label: "00", store: fake.store, ...ANYBODY, limits: ROOMY, clock });
    assert.equal(
      writer.enqueue(
        row({ id: "1" }),
        1,
        to(() => assert.fail("queued")),
      )?.error,
      "SHARD_UNAVAILABLE",
    );
    await writer.start();
    assert.deepEqual([writer.state(), writer.durability()], ["down", null]);
    fake.onOpen(opens);
    await clock.advance(250);
    assert.deepEqual([writer.state(), writer.durability()?.settings], ["up", "fake"]);
    assert.deepEqual(fake.attempts, ["open", "open"]);
  });

  test("no row is taken before its connection was judged, for which it has the time that it takes", async () => {
    const clock = unhurried();
    const fake = fakeStore();
    const busy = Promise.reject(new StoreError("busy", false));
    let judgment: Promise<void> = busy;
    const onConnect = (): Promise<void> => (fake.attempts.push("judged"), judgment);
    const writer = createWriter({ label: "00", store: fake.store, ...ANYBODY, onConnect, limits: ROOMY, clock });
    await writer.start();
    assert.equal(writer.state(), "down");
    assert.equal(
      writer.enqueue(
        row({ id: "1" }),
        1,
        to(() => assert.fail("queued")),
      )?.error,
      "SHARD_UNAVAILABLE",
    );
    const found = Promise.withResolvers<void>();
    judgment = found.promise;
    // Longer than a commit may take: a look-up over many messages is no fault.
    await clock.advance(60_000);
    assert.equal(writer.state(), "down");
    found.resolve();
    await clock.turn();
    assert.equal(writer.state(), "up");
    writer.enqueue(
      row({ id: "78" }),
      1,
      to(() => {}),
    );
    await clock.turn();
    fake.calls[0]!.fail(new StoreError("lost", true));
    // The store connects anew.
    fake.onPing((connect) => connect());
    await clock.turn();
    await clock.advance(1_000);
    assert.equal(writer.state(), "up");
    assert.deepEqual(fake.attempts, ["open", "judged", "open", "judged", "ping", "judged"]);
  });

  test("a shard that hangs before its connection is judged is given up", async () => {
    const clock = unhurried();
    const fake = fakeStore();
    fake.onOpen(() => Promise.reject(new StoreError("not there", false)));
    const writer = createWriter({ label: "00", store: fake.store, ...ANYBODY, limits: ROOMY, clock });
    await writer.start();
    fake.onOpen(() => new Promise(() => {}));
    await clock.advance(250 + 10_000);
    assert.deepEqual(fake.attempts, ["open", "open", "abandon"]);
  });

  test("a configuration that waiting does not mend is thrown", async () => {
    const fake = fakeStore();
    fake.onOpen(() => Promise.reject(new ConfigError("SHARD_IN_USE", "in use")));
    const clock = unhurried();
    const writer = createWriter({ label: "00", store: fake.store, ...ANYBODY, limits: ROOMY, clock });
    await assert.rejects(writer.start(), { code: "SHARD_IN_USE" });
    assert.equal(clock.timers(), 0);
  });
});

describe("end", () => {
  test("drain waits for everything queued; close refuses, answers what is queued, and closes the store last", async () => {
    const { clock, calls, send, answered, writer, attempts } = await started({ maxRows: 1 });
    await writer.drain();
    send(1, 2);
    let drained = false;
    void writer.drain().then(() => (drained = true));
    await clock.turn();
    calls[0]!.end();
    await clock.turn();
    assert.equal(drained, false);
    const closed = writer.close();
    assert.deepEqual(send(3), ["SHUTTING_DOWN"]);
    await clock.turn();
    assert.equal(attempts.includes("close"), false);
    calls[1]!.end();
    await closed;
    assert.equal(drained, true);
    assert.deepEqual(answered(), ["1:1", "2:2"]);
    assert.deepEqual(attempts, ["open", "close"]);
    assert.equal(clock.timers(), 0);
  });

  test("drain does not wait for what comes later", async () => {
    const { clock, calls, send, writer } = await started({ maxRows: 1 });
    send(1);
    let drained = false;
    void writer.drain().then(() => (drained = true));
    send(2);
    await clock.turn();
    calls[0]!.end();
    await clock.turn();
    assert.equal(drained, true);
  });

  test("a shard that is down closes at once and is probed no more", async () => {
    const { clock, calls, send, writer, attempts } = await started();
    send(1);
    await clock.turn();
    calls[0]!.fail(new StoreError("lost", true));
    await clock.turn();
    await writer.close();
    await clock.advance(60_000);
    assert.deepEqual(attempts, ["open", "abandon", "close"]);
  });
});
