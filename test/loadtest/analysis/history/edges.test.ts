import assert from "node:assert/strict";
import { test } from "node:test";
import type { AnomalyKind } from "../../../../loadtest/analysis/history/anomaly.ts";
import { checkHistory } from "../../../../loadtest/analysis/history/check-history.ts";
import type { Operation, Page, PageRow } from "../../../../loadtest/measurement/operations.ts";

/** Of user 7 to 81, each with the text "aa". */
const sent = (at: number, seq: number, ...resend: string[]): Operation => ["i", at, 7, 81, seq, "aa", ...resend];
const acked = (at: number, seq: number, id: string): Operation => ["a", at, 7, 81, seq, id];
const unknown = (at: number, seq: number): Operation => ["u", at, 7, 81, seq, "NO_ANSWER"];
const received = (at: number, seq: number, id: string, ...resend: string[]): Operation => [
  "r",
  at,
  7,
  81,
  seq,
  id,
  "aa",
  ...resend,
];
const listed = (...rows: readonly (readonly [seq: number, id: string])[]): PageRow[] =>
  rows.map(([seq, id]) => [7, seq, id, "aa"]);
const page = (begin: number, stable: string, rows: PageRow[], more: Partial<Page> = {}, read = begin): Operation => [
  "p",
  begin + 2,
  7,
  81,
  read,
  { begin, stable, rows, ...more },
];

/** Message 1 has no answer, is sent again, and is acknowledged under 110. */
const RETRIED = [sent(0, 1), unknown(5, 1), sent(10, 1, "resend"), acked(20, 1, "110")];

const CASES: readonly (readonly [what: string, kind: AnomalyKind | null, log: readonly Operation[]])[] = [
  [
    "a message that is delivered again, marked so, may come late",
    null,
    [...RETRIED, sent(30, 2), acked(35, 2, "120"), received(36, 2, "120"), received(90, 1, "110", "resend")],
  ],
  ["an acknowledged message has no second id", "duplicated", [sent(0, 1), acked(5, 1, "100"), received(6, 1, "110")]],
  [
    "nor has one that was received and whose author was never left without an answer",
    "duplicated",
    [sent(0, 1), received(4, 1, "100"), acked(5, 1, "110"), page(900, "200", listed([1, "110"]))],
  ],
  ["a message that moved is shown by its later id", null, [...RETRIED, page(900, "200", listed([1, "110"]))]],
  [
    "and was shown by its first one before",
    null,
    [received(3, 1, "100"), ...RETRIED, page(900, "200", listed([1, "110"]))],
  ],
  [
    "a message that moved is not shown by its first id any more",
    "duplicated",
    [...RETRIED, page(900, "105", listed([1, "100"]))],
  ],
  ["no read lists both of its ids", "duplicated", [...RETRIED, page(22, "115", listed([1, "100"], [1, "110"]))]],
  [
    "a message that moved is lost when neither of the pages on which its ids would be has one",
    "lost",
    [
      received(3, 1, "100"),
      ...RETRIED,
      page(900, "200", [], { next: "105" }),
      page(910, "200", [], { before: "105" }, 900),
    ],
  ],
  [
    "what was refused once and acknowledged later may be shown",
    null,
    [
      sent(0, 1),
      ["f", 5, 7, 81, 1, "OVERLOADED"],
      sent(10, 1, "resend"),
      acked(20, 1, "110"),
      page(900, "200", listed([1, "110"])),
    ],
  ],
  [
    "a page without a shard proves nothing",
    null,
    [sent(0, 1), unknown(5, 1), page(100, "105", listed([1, "100"]), { partial: ["01"] }), page(900, "100", [])],
  ],
  [
    "what a page shows above its stable may still go, while nobody has acknowledged it",
    null,
    [sent(0, 1), unknown(5, 1), page(100, "100", listed([1, "100"])), page(900, "100", [])],
  ],
  [
    "what a page shows below its stable may not, whatever a later one calls stable",
    "vanished",
    [sent(0, 1), unknown(5, 1), page(100, "105", listed([1, "100"])), page(900, "100", [])],
  ],
  [
    "an acknowledged message is missed above stable too",
    "lost",
    [sent(0, 1), acked(5, 1, "100"), page(900, "100", [])],
  ],
  [
    "and is lost although an earlier page showed it above its stable",
    "lost",
    [sent(0, 1), acked(5, 1, "100"), page(100, "100", listed([1, "100"])), page(900, "100", [])],
  ],
  [
    "two messages have one id",
    "duplicated",
    [sent(0, 1), acked(5, 1, "100"), ["i", 10, 81, 7, 1, "bb"], ["a", 15, 81, 7, 1, "100"]],
  ],
];

for (const [what, kind, log] of CASES) {
  test(`${kind ?? "no anomaly"}: ${what}`, () => {
    const { evidence } = checkHistory(log);
    assert.deepEqual(
      evidence.map((anomaly) => anomaly.kind),
      kind === null ? [] : [kind],
      JSON.stringify(evidence),
    );
  });
}

test("a dialog is read to its end by pages that follow on one another and lack no shard", () => {
  const log = [sent(0, 1), acked(5, 1, "100"), sent(6, 2), acked(8, 2, "110")];
  const [newest, oldest] = [listed([2, "110"]), listed([1, "100"])];
  const reads: [unread: number, pages: Operation[]][] = [
    [0, [page(900, "200", newest, { next: "110" }), page(910, "200", oldest, { before: "110" }, 900)]],
    [1, [page(900, "200", newest, { next: "110" }), page(910, "200", oldest, { before: "105" }, 900)]],
    [1, [page(900, "200", newest, { next: "110" }), page(910, "200", oldest, { before: "110" }, 901)]],
    [1, [page(900, "200", newest, { next: "110", partial: ["01"] }), page(910, "200", oldest, { before: "110" }, 900)]],
    [1, [page(900, "200", newest, { next: "110" })]],
    [1, []],
  ];
  for (const [unread, pages] of reads) assert.equal(checkHistory([...log, ...pages]).unread, unread);
});

test("a message that moved once, with its shard, is counted as a twin", () => {
  const { twins, evidence } = checkHistory([
    received(3, 1, "100"),
    ...RETRIED,
    received(21, 1, "110", "resend"),
    page(900, "200", listed([1, "110"])),
  ]);
  assert.deepEqual([twins, evidence], [1, []]);
});
