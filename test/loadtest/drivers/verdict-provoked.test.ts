import assert from "node:assert/strict";
import { test } from "node:test";
import { audit } from "../../../loadtest/analysis/audit/audit.ts";
import { realisedZipf } from "../../../loadtest/analysis/verdict/realised-zipf.ts";
import { judge, type VERDICT_LIMITS } from "../../../loadtest/analysis/verdict/verdict.ts";
import type { DriveOrder } from "../../../loadtest/drivers/contract.ts";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import { eachFailure } from "../../../loadtest/measurement/failed-messages.ts";
import type { Result } from "../../../loadtest/analysis/result/result.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../loadtest/traffic/stories/registry.ts";
import { dialogId } from "../../../server/placement/dialog.ts";
import { startFakeChat, type Sent } from "./fake-chat.ts";

/** The Node driver against a chat that misbehaves, on a machine that does: what the verdict then says. */
async function verdictOf(
  onSend: (sent: Sent) => void,
  changes: Readonly<Record<string, number>> = {},
  scenario = "random",
  more: Partial<DriveOrder> & { turnsAway?: (user: number) => number | null } = {},
  limits: Partial<typeof VERDICT_LIMITS> = {},
): Promise<Result["verdict"]["reasons"]> {
  const dials = {
    ...DEFAULT_DIALS,
    users: 6,
    rate: 400,
    durationS: 1,
    warmupS: 0,
    offlineShare: 0,
    seed: 3,
    ...changes,
  };
  const acked = new Map<string, number>();
  const { turnsAway, ...order } = more;
  const chat = await startFakeChat((sent) => {
    const dialog = dialogId(sent.author, sent.frame.to ?? 0);
    const ack = () => {
      acked.set(dialog, (acked.get(dialog) ?? 0) + 1);
      sent.ack();
    };
    onSend({ ...sent, ack });
  }, turnsAway);
  try {
    const whole = { runId: "r123456789", scenario, dials, url: chat.url, secret: "s", shards: ["00"], ...order };
    const measurement = await createNodeDriver(300).drive(whole);
    const rows = Object.entries(measurement.shards).map(([shard, { acked, sum }]) => ({ shard, rows: acked, sum }));
    const offered = new Map(acked);
    for (const { author, to } of eachFailure(measurement.failed)) {
      const dialog = dialogId(author, to);
      offered.set(dialog, (offered.get(dialog) ?? 0) + 1);
    }
    const { askedShare, expected, popularity } = findScenario(scenario)!.make(dials);
    return judge({
      measurement,
      dials,
      askedShare,
      ...(expected !== undefined && { expected }),
      zipf:
        popularity === undefined
          ? null
          : realisedZipf(
              popularity,
              [...offered].map(([dialog, count]) => ({ dialog, count })),
              0,
            ),
      audit: audit(measurement, { run: "r", shards: rows }, []),
      cores: 1,
      limits,
    }).reasons;
  } finally {
    await chat.stop();
  }
}

function good(sent: Sent): void {
  sent.ack();
  sent.deliver();
}

/** These are asked to stay away before the first message, and what they were to write is never sent. */
const of = (gone: (user: number) => boolean) => (user: number) => (gone(user) ? 4000 : null);

const codesOf = (reasons: Result["verdict"]["reasons"]): string[] => reasons.map(({ code }) => code);

function evidenceOf(reasons: Result["verdict"]["reasons"], code: string): Readonly<Record<string, number>> {
  const found = reasons.find((reason) => reason.code === code);
  assert.ok(found, `${code} is not among ${codesOf(reasons).join(", ")}`);
  return found.evidence!;
}

/** Takes the thread away for `ms` again and again, with or without using the core meanwhile. */
function rob(ms: number, busy: boolean): () => void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const timer = setInterval(() => {
    if (!busy) Atomics.wait(cell, 0, 0, ms);
    else for (const end = performance.now() + ms; performance.now() < end;);
  }, 5);
  return () => clearInterval(timer);
}

test("a generator that does not get its thread lags, and says so rather than blame the server", async () => {
  const stop = rob(150, false);
  try {
    const reasons = await verdictOf(good);
    const lag = evidenceOf(reasons, "SEND_LAG");
    assert.ok(lag["p99Ms"]! > lag["limitMs"]!);
    assert.ok(!codesOf(reasons).includes("GENERATOR_CPU"), "it waited, it did not work");
  } finally {
    stop();
  }
});

test("a generator that is busy all the time is its own bottleneck", async () => {
  const stop = rob(150, true);
  try {
    // On a busy machine the thread gets a small part of a core, however much it wants.
    const reasons = await verdictOf(good, {}, "random", {}, { cpu: 0.05 });
    evidenceOf(reasons, "SEND_LAG");
    const { busyCores, limitCores } = evidenceOf(reasons, "GENERATOR_CPU");
    assert.ok(busyCores! > limitCores!);
  } finally {
    stop();
  }
});

test("frames that wait for their handler, behind one that takes long", async () => {
  const long = `[${"{},".repeat(700_000)}{}]`;
  const reasons = await verdictOf((sent) => {
    if (sent.number % 20 === 0) sent.say(long);
    good(sent);
  });
  const { p99Ms, limitMs } = evidenceOf(reasons, "HANDLER_LAG");
  assert.ok(p99Ms! > limitMs!);
});

const GENERATOR = new Set([
  "DROPPED",
  "ARRIVALS_OFF",
  "GAPS_OFF",
  "SHARE_OFF",
  "ZIPF_OFF",
  "COUNTERS_CONTRADICT",
  "SAMPLES_MISSING",
]);

for (const [scenario, dials] of [
  ["random", { users: 3, rate: 600 }],
  ["lady-gaga", { users: 40, rate: 1_000 }],
  ["zipf", { users: 200, rate: 1_500, zipf: 1.1, keys: 500 }],
] as const) {
  test(`${scenario}: authors whose connections the server ended do not speak against the generator`, async () => {
    const story = findScenario(scenario)!.make({ ...DEFAULT_DIALS, ...dials, offlineShare: 0, seed: 3 });
    const gone = new Set([1, 2, 3, 4, 5].map((rank) => story.popularity?.dialog(rank).author ?? Math.min(rank, 2)));
    const reasons = await verdictOf(good, dials, scenario, { turnsAway: of((user) => gone.has(user)) });
    assert.deepEqual(
      codesOf(reasons).filter((code) => GENERATOR.has(code)),
      [],
    );
  });
}

test("a schedule of another rate than the one asked for", async () => {
  const scenario = findScenario("random")!;
  const story = scenario.make({ ...DEFAULT_DIALS, users: 6, rate: 400, durationS: 1, warmupS: 0 });
  assert.equal(story.expected, undefined);
  const chat = await startFakeChat(good);
  try {
    const dials = { ...DEFAULT_DIALS, users: 6, rate: 400, durationS: 1, warmupS: 0, offlineShare: 0 };
    const order = { runId: "r123456789", scenario: "random", dials, url: chat.url, secret: "s", shards: ["00"] };
    const measurement = await createNodeDriver(300).drive(order);
    const audited = audit(measurement, null, []);
    const asked = { ...dials, rate: 800 };
    const { reasons } = judge({ measurement, dials: asked, askedShare: null, audit: audited, cores: 1 });
    assert.ok(evidenceOf(reasons, "ARRIVALS_OFF")["planned"]! < 500);
  } finally {
    await chat.stop();
  }
});

test("messages that nobody gets are a fault of the server, not of the generator", async () => {
  const reasons = await verdictOf((sent) => sent.ack());
  assert.deepEqual(
    codesOf(reasons).filter((code) => GENERATOR.has(code)),
    [],
  );
});

test("a chat that acknowledges twice, and one that says what nobody can read", async () => {
  const twice = await verdictOf((sent) => {
    good(sent);
    if (sent.number === 20) sent.ack();
    if (sent.number === 21) sent.say("{");
  });
  const evidence = evidenceOf(twice, "COUNTERS_CONTRADICT");
  assert.deepEqual([evidence["unexpectedAcks"], evidence["unreadableFrames"]], [1, 1]);
});

test("a clock that is set while the run goes on", async (t) => {
  const now = Date.now.bind(Date);
  let ahead = 0;
  t.mock.method(Date, "now", () => now() + ahead);
  const reasons = await verdictOf(
    (sent) => {
      good(sent);
      if (sent.number === 100) ahead = 3_600_000;
    },
    { durationS: 1.6 },
  );
  assert.ok(evidenceOf(reasons, "CLOCK_JUMPED")["jumpMs"]! > 3_500_000);
});

test("an interruption, and of it only that", async () => {
  const abort = new AbortController();
  const reasons = await verdictOf(
    (sent) => {
      if (sent.number === 50) abort.abort();
      sent.ack();
    },
    { durationS: 60 },
    "random",
    { signal: abort.signal },
  );
  assert.deepEqual(codesOf(reasons), ["INTERRUPTED"]);
});
