import assert from "node:assert/strict";
import { test } from "node:test";
import type { WhatIf } from "../../../loadtest/analysis/result/what-if.ts";
import { rangeInWords } from "../../../loadtest/report/words/what-if.ts";
import { htmlWhatIf, terminalWhatIf } from "../../../loadtest/report/reports.ts";
import { forecastLayouts } from "../../../loadtest/whatif/forecast-layouts.ts";
import { createInputFaults } from "../../../loadtest/whatif/input/input-faults.ts";
import type { RowBatch } from "../../../loadtest/whatif/input/row-batch.ts";
import { dialogNumber } from "../../../server/placement/dialog.ts";
import { ID_EPOCH_MS } from "../../../server/placement/message-id.ts";

interface Question {
  readonly keys: readonly string[];
  readonly placement?: string;
  readonly shards?: number;
  readonly more?: readonly string[];
  readonly timed?: boolean;
}

function ask({ keys, placement = "slots", shards = 4, more = [], timed = false }: Question): Promise<WhatIf> {
  async function* rows(): AsyncGenerator<RowBatch> {
    yield {
      keys: [...keys],
      counts: keys.map(() => 1),
      times: timed ? keys.map((_, i) => ID_EPOCH_MS + i * 1_000) : [],
      lines: keys.map((_, i) => i + 1),
    };
  }
  return forecastLayouts({
    hotshard: "0.0.0",
    name: "keys.csv",
    kind: "counts",
    rows: rows(),
    faults: createInputFaults("keys.csv"),
    today: { placement, shards, assumed: false, overrides: [] },
    placements: more,
    sizes: [2, 4, 8],
    target: 1.25,
    command: "hotshard whatif keys.csv",
    onProgress: () => {},
  });
}

/** Of users 1 to `count`, each with one dialog, in an order that is not theirs. */
const dialogs = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${((i * 377) % count) + 1}_${count + 1}`);

const ratiosOf = ({ rows }: WhatIf, placement: string): Record<string, number> =>
  Object.fromEntries(
    rows.filter((row) => row.placement === placement).map(({ shards, maxOverMean }) => [shards, maxOverMean]),
  );

test("range is shown as it is once the ids have doubled: the last range has the new half and its share of the old", async () => {
  const document = await ask({ keys: dialogs(1_600) });
  assert.deepEqual(ratiosOf(document, "range"), { 2: 1.5, 4: 2.5, 8: 4.5 });
  assert.match(
    rangeInWords(document.rows, 4)!,
    /Ids grow, and the last range gets what is new: 2\.50\s×\son 4\sshards\.$/u,
  );
  for (const keys of [
    dialogs(1_600).map((key) => String(dialogNumber(key))),
    dialogs(1_600).map((key) => `g_${dialogNumber(key)}`),
  ]) {
    assert.equal(ratiosOf(await ask({ keys }), "range")["4"], 2.5, keys[0]!);
  }
});

test("boundaries that are given hold for their number of shards alone, today's and others", async () => {
  const document = await ask({
    keys: dialogs(1_000),
    placement: "range:at=101/201/301",
    more: ["range:at=501/9007199254740991", "range"],
    timed: true,
  });
  assert.deepEqual(ratiosOf(document, "range:at=101/201/301"), { 4: 2.8 });
  assert.deepEqual(document.today.shares, [0.1, 0.1, 0.1, 0.7]);
  assert.deepEqual(ratiosOf(document, "range:at=501/9007199254740991"), { 3: 1.5 });
  assert.deepEqual(Object.keys(ratiosOf(document, "range")), ["2", "3", "4", "8"]);
  assert.deepEqual(Object.keys(ratiosOf(document, "slots")), ["2", "3", "4", "8"]);
  const own = document.rows.find(({ placement }) => placement === "range:at=101/201/301")!;
  assert.equal(own.movedFromToday, 0);
  assert.ok(Math.abs(own.worstMinute!.maxOverMean - 2.8) < 0.5, "minutes are placed by number too");
  assert.equal(document.rows.find(({ placement }) => placement === "range")!.worstMinute, null);
  assert.deepEqual(document.topDialogs.map(({ dialog, shard }) => [dialog, shard]).slice(0, 2), [
    ["1_1001", "00"],
    ["378_1001", "03"],
  ]);
  const [advice] = document.advice;
  assert.equal(advice?.action, "change-placement");
  assert.match(advice.text, /^Place by slots instead of range, which gives shard 03 2\.80 times its share/u);
  assert.ok(advice.forecast.maxOverMean < 1.25);
  assert.ok(document.advice.every(({ action }) => action !== "add-shard"));
  assert.match(terminalWhatIf(document, process.stdout), /range:at=101\/201\/301 +– +– +2\.80 +–\n/u);
  assert.match(htmlWhatIf(document), /the last range gets what is new/u);
});

test("keys without a number have no ranges, and whoever asks for them is told", async () => {
  const keys = [...dialogs(20), "room-7", "room-8"];
  const document = await ask({ keys });
  assert.deepEqual(ratiosOf(document, "range"), {});
  assert.equal(rangeInWords(document.rows, 4), null);
  const refusal = {
    code: "NO_NUMBER",
    message: /keys\.csv: range places by the number of a key .* 2 of 22 keys have none/u,
  };
  await assert.rejects(ask({ keys, placement: "range:at=2/3/4" }), refusal);
  await assert.rejects(ask({ keys, more: ["range:at=2/3/4"] }), refusal);
  await assert.rejects(ask({ keys: dialogs(9), placement: "range:at=2/3", shards: 4 }), { code: "BAD_PLACEMENT" });
  assert.deepEqual(ratiosOf(await ask({ keys: dialogs(9), placement: "range", shards: 1 }), "range")["1"], 1);
});
