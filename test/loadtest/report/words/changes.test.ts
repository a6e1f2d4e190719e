import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../loadtest/analysis/build-result.ts";
import type { Result } from "../../../../loadtest/analysis/result/result.ts";
import { timeLine } from "../../../../loadtest/report/pictures/time-line.ts";
import { markdownReport, terminalReport } from "../../../../loadtest/report/reports.ts";
import { changesInWords, placedInWords, stallsInWords } from "../../../../loadtest/report/words/changes.ts";
import { headline } from "../../../../loadtest/report/words/run.ts";
import { exitCodeOf } from "../../../../loadtest/run/exit-code.ts";
import { runEvidence } from "../../../support/run-evidence.ts";

const plain = (words: string | null): string => (words ?? "").replaceAll("\u202f", " ");
const placed = { match: true, messages: 900, misplaced: 0, copies: 0, differing: 0, twins: 0, unreachable: [] };
const evidence = runEvidence({ hotShare: 0, rate: 200 });
const base: Result = {
  ...buildResult(evidence),
  changes: [
    { atS: 3, kind: "lost", shard: "01" },
    { atS: 5.04, kind: "take-out", shard: "01", epoch: 2, keys: { moved: 0.26, ideal: 0.25 } },
    { atS: 6, untilS: 7.5, kind: "rebalance", epoch: 3 },
  ],
  stalls: { dialogs: 70, p50: 8, p99: 2_100, max: 2_250 },
  epochs: [
    {
      segments: 1,
      acked: 5,
      stored: 5,
      shards: [
        { shard: "00", acked: 5, stored: 3 },
        { shard: "02", acked: 0, stored: 2 },
      ],
    },
    { sinceS: 5.04, epoch: 2, segments: 1, acked: 4, stored: 3, shards: [{ shard: "00", acked: 4, stored: 3 }] },
  ],
  placed,
};

test("what happened to the shards in a headline and in sentences", () => {
  assert.equal(
    plain(headline(base)),
    "Shard 01 was lost and came back: each of 1,600 acknowledged messages is stored.",
  );
  assert.equal(
    plain(changesInWords(base)),
    "At 3.0 s shard 01 is lost; at 5.0 s shard 01 is taken out (26.0 % of the dialogs go elsewhere, ideal 25.0 %); " +
      "at 6.0 s a rebalance of 1.5 s.",
  );
  assert.match(plain(stallsInWords(base)), /each of 70 dialogs .*: p50 8\.00 ms, p99 2,100 ms, longest 2,250 ms\.$/);
  const { changes: _, ...still } = base;
  assert.equal(changesInWords(still), null);
  const unsure = { ...base, audit: { ...base.audit, match: null } };
  assert.doesNotMatch(headline(unsure), /each of/, "nothing is claimed that the audit does not show");
});

test("messages on another shard than their owner fail the run; copies and twins are told", () => {
  assert.equal(placedInWords(base), "Compared shard by shard: each of 900 messages is on its owner, once.");
  const twins = { placed: { ...placed, match: false, twins: 2, copies: 1 } };
  assert.match(placedInWords(twins)!, /on its owner; 1 on another shard too; 2 under two ids\.$/);
  assert.equal(exitCodeOf({ ...base, ...twins }), 0);
  const lost = { placed: { ...placed, match: false, misplaced: 2, differing: 1 } };
  assert.match(placedInWords(lost)!, /^The shards hold 2 messages on another shard than .*, and 1 message of which/);
  assert.equal(exitCodeOf({ ...base, ...lost }), 1);
});

test("the report has the time line with a mark for each change, their table, and the audit by segment", () => {
  const slices = [0, 1, 2, 3, 4, 5].map((second) => ({
    second,
    shard: "00",
    acked: second === 3 ? 0 : 100 + second,
    deliveryMs: null,
  }));
  const picture = timeLine(base, slices)!;
  const { body } = picture.draw(860);
  assert.equal(body.match(/class="mark"/g)?.length, 3);
  assert.match(picture.description, /the emptiest 0\.0\/s/);
  assert.equal(timeLine(base, []), null);
  const markdown = plain(markdownReport(base));
  for (const row of [
    /## The shards change/,
    /shard 01 is taken out \| 2 \| 26\.0 % \| 25\.0 %/,
    /5\.0\ss.*\| 4 \| 3 \|/,
  ])
    assert.match(markdown, row);
  // 00 was to have what is on 01 now, and nothing failed.
  const [first, second, ...rest] = base.shards;
  const shards = [{ ...first!, offered: first!.offered + 7 }, { ...second!, offered: second!.offered - 7 }, ...rest];
  const moved = plain(markdownReport({ ...base, shards }));
  assert.match(moved, /\| 00 \| 381 \| [\d.]+ % \| 374 \| 0 \|/, "what was moved has not failed");
  assert.match(plain(terminalReport(base, { columns: 100 })), /Shard 01 was lost and came back/);
});
