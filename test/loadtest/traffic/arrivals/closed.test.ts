import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Lane, Action } from "../../../../loadtest/traffic/contract.ts";
import { DEFAULT_DIALS } from "../../../../loadtest/traffic/dials.ts";
import { sourceOf } from "../../../../loadtest/traffic/source.ts";
import { findScenario } from "../../../../loadtest/traffic/stories/registry.ts";

const WHOLE_MS = 20_000;

function lanesOf(arrivals: string, changes: Readonly<Record<string, number>> = {}, scenario = "random"): Lane[] {
  const dials = { ...DEFAULT_DIALS, users: 60, warmupS: 2, durationS: 18, arrivals, ...changes };
  return findScenario(scenario)!.make(dials).lanes();
}

/** Plays to the end in virtual time. @param answerMs time from a message to its answer, by its number from 0 */
function play(lanes: readonly Lane[], answerMs: (n: number) => number, most = Number.POSITIVE_INFINITY) {
  const source = sourceOf(lanes, WHOLE_MS);
  const sends: Action[] = [];
  const answers: number[] = [];
  let mostUnderWay = 0;
  while (sends.length < most) {
    const answer = Math.min(...answers);
    const due = source.dueAt();
    if (Math.min(answer, due) === Infinity) break;
    if (answer <= due) {
      answers.splice(answers.indexOf(answer), 1);
      source.answered(answer);
      continue;
    }
    const send = source.take();
    answers.push(send.at + answerMs(sends.length));
    sends.push(send);
    mostUnderWay = Math.max(mostUnderWay, answers.length);
  }
  return { sends, mostUnderWay, isOver: source.isOver(WHOLE_MS) };
}

test("never more messages are under way than there are users, whatever the answers take", () => {
  const answer = fc.array(fc.double({ min: 0, max: 900, noNaN: true }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 20, max: 900 }),
      fc.constantFrom("", ",even"),
      answer,
      (users, think, gaps, answers) => {
        const lanes = lanesOf(`closed:${users}/think=${think}ms${gaps}`);
        assert.equal(lanes.length, 1, "one generator makes all of it");
        const { sends, mostUnderWay, isOver } = play(lanes, (n) => answers[n % answers.length]!);
        assert.ok(mostUnderWay <= users && isOver);
        assert.ok(sends.every(({ at }, i) => at >= (sends[i - 1]?.at ?? 0) && at < WHOLE_MS));
        assert.ok(sends.every(({ user: author, target: to }) => author !== to && lanes[0]!.hasAuthor(author)));
      },
    ),
    { numRuns: 60 },
  );
});

test("the rate is users ÷ (answer + think), as Little's law has it", () => {
  const { sends } = play(lanesOf("closed:10/think=150ms,even"), () => 50);
  assert.ok(Math.abs(sends.length - 10 * (WHOLE_MS / 200)) <= 10, `${sends.length}`);
  const random = play(lanesOf("closed:10/think=150ms"), () => 50).sends.length;
  // A renewal process: its count strays by √n × (standard deviation ÷ mean) of a round.
  assert.ok(Math.abs(random - 1_000) < 5 * Math.sqrt(1_000) * 0.75 + 10, `${random}`);
});

test("a server that does not answer is sent one message a user, and a slow one less: the model's blind spot", () => {
  assert.equal(play(lanesOf("closed:7/think=10ms"), () => Infinity).sends.length, 7);
  const [quick, slow] = [1, 100].map((ms) => play(lanesOf("closed:7/think=10ms"), () => ms).sends.length);
  assert.ok(quick! > 5 * slow!, `${quick} and ${slow}`);
});

test("the n-th message does not depend on the answers", () => {
  const [even, wild] = [() => 1, (n: number) => (n * 37) % 90].map((answerMs) =>
    play(lanesOf("closed:7/think=10ms", {}, "zipf"), answerMs, 400).sends.map(
      ({ user: author, target: to }) => `${author} ${to}`,
    ),
  );
  assert.deepEqual(even, wild);
});

test("users start spread over their first time to think, and all at once without one", () => {
  const first = play(lanesOf("closed:4/think=800ms,even"), () => Infinity).sends.map(({ at }) => at);
  assert.deepEqual(first, [100, 300, 500, 700]);
  const none = play(lanesOf("closed:4/think=0ms"), () => Infinity).sends.map(({ at }) => at);
  assert.deepEqual(none, [0, 0, 0, 0]);
});

test("dialogs are as popular as under an open model: the hot dialog gets its share", () => {
  const lanes = lanesOf("closed:50/think=5ms", { hotShare: 0.3 }, "lady-gaga");
  const { sends } = play(lanes, () => 5, 20_000);
  const hot = sends.filter(({ user: author, target: to }) => author + to === 3).length;
  assert.ok(Math.abs(hot - 6_000) < 5 * Math.sqrt(20_000 * 0.3 * 0.7), `${hot} of 20,000`);
});

test("an answer wakes whoever waits for it", () => {
  const source = sourceOf(lanesOf("closed:1/think=0ms"), WHOLE_MS);
  let woken = 0;
  source.onAnswer(() => (woken += 1));
  source.take();
  assert.equal(source.dueAt(), Infinity);
  assert.equal(source.isOver(1), false, "an answer may still come");
  source.answered(40);
  assert.deepEqual([woken, source.dueAt()], [1, 40]);
  assert.equal(source.isOver(WHOLE_MS), false, "what was due is still sent");
  source.take();
  assert.equal(source.isOver(WHOLE_MS), true);
});
