import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHistory } from "../../../../loadtest/analysis/history/check-history.ts";
import type { AnomalyKind } from "../../../../loadtest/analysis/history/anomaly.ts";
import type { Operation, Page, PageOperation, PageRow } from "../../../../loadtest/measurement/operations.ts";

/** Two messages of user 7 to 81, one back, each acknowledged and received; a page after the second, all read at the end. */
const LOG: readonly Operation[] = [
  ["i", 0, 7, 81, 1, "aa"],
  ["a", 5, 7, 81, 1, "100"],
  ["r", 6, 7, 81, 1, "100", "aa"],
  ["i", 10, 7, 81, 2, "bb"],
  ["a", 15, 7, 81, 2, "110"],
  ["r", 16, 7, 81, 2, "110", "bb"],
  [
    "p",
    102,
    7,
    81,
    1,
    {
      begin: 100,
      next: "100",
      stable: "115",
      rows: [
        [7, 1, "100", "aa"],
        [7, 2, "110", "bb"],
      ],
    },
  ],
  ["i", 200, 81, 7, 1, "cc"],
  ["a", 205, 81, 7, 1, "120"],
  ["r", 206, 81, 7, 1, "120", "cc"],
  [
    "p",
    1001,
    7,
    81,
    2,
    {
      begin: 1000,
      next: "110",
      stable: "125",
      rows: [
        [7, 2, "110", "bb"],
        [81, 1, "120", "cc"],
      ],
    },
  ],
  ["p", 1003, 7, 81, 2, { begin: 1002, before: "110", stable: "125", rows: [[7, 1, "100", "aa"]] }],
];

const rows = (line: number, change: (rows: PageRow[]) => PageRow[], more: Partial<Page> = {}): [number, Operation] => {
  const [code, at, lower, higher, read, page] = LOG[line] as PageOperation;
  return [line, [code, at, lower, higher, read, { ...page, rows: change([...page.rows]), ...more }]];
};
const none = (): PageRow[] => [];

/** Kind, what is changed in the log, and the proof: a sentence, and the lines that it rests on. */
const TABLE: readonly (readonly [
  AnomalyKind,
  readonly (readonly [number, Operation | null])[],
  string,
  readonly number[],
])[] = [
  [
    "lost",
    [rows(10, (all) => all.slice(0, 1))],
    "Message 1 of user 81 to user 7 was acknowledged, and no later read has it.",
    [8, 10],
  ],
  [
    "vanished",
    [rows(11, none)],
    "Message 1 of user 7 to user 81 was in the history for good, and then was not.",
    [6, 11],
  ],
  [
    "vanished",
    [[8, null], rows(10, (all) => all.slice(0, 1))],
    "Message 1 of user 81 to user 7 was shown, and no later read has it.",
    [9, 10],
  ],
  [
    "stale",
    [rows(6, (all) => all.slice(0, 1))],
    "Message 2 of user 7 to user 81 was stored when a read began that lacks it.",
    [4, 6, 10],
  ],
  ["duplicated", [rows(10, (all) => [...all, all[1]!])], "One read lists message 1 of user 81 to user 7 twice.", [10]],
  [
    "duplicated",
    [rows(11, (all) => [...all, [7, 2, "110", "bb"]])],
    "One read lists message 2 of user 7 to user 81 twice.",
    [11],
  ],
  ["duplicated", [[9, ["r", 206, 81, 7, 1, "121", "cc"]]], "Message 1 of user 81 to user 7 has 2 message ids.", [8, 9]],
  [
    "duplicated",
    [[9, ["r", 199, 7, 81, 2, "110", "bb"]]],
    "Its reader got message 2 of user 7 to user 81 twice.",
    [5, 9],
  ],
  ["reordered", [rows(10, (all) => all.toReversed())], "A read is not in the order of message ids.", [10]],
  [
    "reordered",
    [rows(6, (all) => all, { stable: "121" })],
    "Message 1 of user 81 to user 7 was stored below what a read had called stable.",
    [6, 10],
  ],
  [
    "phantom",
    [rows(10, ([one]) => [one!, [81, 1, "120", "xx"]])],
    "Message 1 of user 81 to user 7 was shown with another text than was sent.",
    [7, 10],
  ],
  ["phantom", [[7, null]], "Nobody sent message 1 of user 81 to user 7.", [9]],
  [
    "phantom",
    [[8, ["f", 205, 81, 7, 1, "OVERLOADED"]]],
    "Message 1 of user 81 to user 7 was refused and shown.",
    [8, 9],
  ],
];

function changed(changes: readonly (readonly [number, Operation | null])[]): readonly [Operation, number][] {
  const map = new Map(changes);
  return LOG.flatMap((operation, line) => {
    const other = map.get(line);
    return other === null ? [] : [[other ?? operation, line] as const];
  }) as [Operation, number][];
}

test("a log of three messages is as it should be", () => {
  const verdict = checkHistory(LOG);
  assert.deepEqual(verdict.evidence, []);
  const { operations, dialogs, messages, pages, unread, twins } = verdict;
  assert.deepEqual(
    { operations, dialogs, messages, pages, unread, twins },
    { operations: 12, dialogs: 1, messages: 3, pages: 3, unread: 0, twins: 0 },
  );
});

for (const [index, [kind, changes, says, lines]] of TABLE.entries()) {
  test(`${kind} (${index + 1}): ${says}`, () => {
    const log = changed(changes);
    const { anomalies, evidence } = checkHistory(log.map(([operation]) => operation));
    assert.deepEqual(
      evidence.map(({ kind: found, dialog, says: words }) => [found, dialog, words]),
      [[kind, "7_81", says]],
    );
    assert.deepEqual(
      evidence[0]!.witnesses.map(({ operation }) => log[operation]![1]),
      lines,
    );
    assert.equal(anomalies[kind], 1);
  });
}

const swap = (id: string): string => ({ 100: "110", 110: "100" })[id] ?? id;

test("two messages with each other's ids: the later one of an author who waited stands first", () => {
  const log = LOG.map((operation): Operation => {
    if (operation[0] !== "p") return operation.with(5, swap(String(operation[5]))) as unknown as Operation;
    const [code, at, lower, higher, read, page] = operation;
    const both = page.rows.map((row): PageRow => [row[0], row[1], swap(row[2]), row[3]]);
    return [code, at, lower, higher, read, { ...page, rows: both.toSorted((a, b) => Number(a[2]) - Number(b[2])) }];
  });
  const { anomalies, evidence } = checkHistory(log.filter((_, line) => line < 7));
  assert.equal(anomalies.reordered, 1);
  assert.deepEqual(
    evidence[0]!.witnesses.map(({ says }) => says),
    [
      "0.005 s: the server acknowledges message 1 of user 7 to user 81 as 110",
      "0.010 s: user 7 sends message 2 of user 7 to user 81",
      "0.015 s: the server acknowledges message 2 of user 7 to user 81 as 100",
    ],
  );
});

test("pages are told with what they asked for, how much came, and up to where it cannot change", () => {
  const { evidence } = checkHistory(changed([rows(11, none)]).map(([operation]) => operation));
  assert.deepEqual(
    evidence[0]!.witnesses.map(({ says }) => says),
    [
      "0.100 s to 0.102 s: read 1, the newest page (2 messages, complete, stable below 115), lists message 1 of user 7 to " +
        "user 81 (100)",
      "1.002 s to 1.003 s: read 2, the page before 110 (0 messages, complete, stable below 125), does not list message 1 " +
        "of user 7 to user 81 (100)",
    ],
  );
});

test("a page without a shard proves no message lost, and a dialog that was not read to its end is counted", () => {
  const log = changed([rows(10, none, { partial: ["01"] }), [11, null]]).map(([operation]) => operation);
  const { evidence, unread } = checkHistory(log);
  assert.deepEqual([evidence, unread], [[], 1]);
});

test("what two clocks cannot tell apart is no anomaly: a read as early as the acknowledgement", () => {
  const [code, at, lower, higher, read, page] = LOG[6] as PageOperation;
  const early: Operation = [
    code,
    at - 60,
    lower,
    higher,
    read,
    { ...page, begin: 40, stable: "105", rows: [[7, 1, "100", "aa"]] },
  ];
  const log = LOG.with(6, early);
  assert.deepEqual(checkHistory(log).evidence, []);
});

test("of many anomalies of a kind the first few are shown and all are counted", () => {
  const log: Operation[] = [];
  for (let seq = 1; seq <= 50; seq++)
    log.push(["i", seq, 7, 81, seq, "aa"], ["a", seq + 0.5, 7, 81, seq, String(100 + seq)]);
  log.push(["p", 1001, 7, 81, 1, { begin: 1000, stable: "900", rows: [] }]);
  const { anomalies, evidence } = checkHistory(log);
  assert.equal(anomalies.lost, 50);
  assert.equal(evidence.length, 3);
});
