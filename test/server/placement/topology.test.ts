import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { ConfigError } from "../../../server/config-error.ts";
import { composeId, ID_EPOCH_MS } from "../../../server/placement/message-id.ts";
import { splitPart, splitShards } from "../../../server/placement/overrides.ts";
import { parsePlacement, PLACEMENTS } from "../../../server/placement/registry.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { singleSegment, validateTopology } from "../../../server/placement/topology.ts";
import type { RowKey, Segment, Topology } from "../../../server/placement/contract.ts";

const LABELS = ["00", "01", "02", "03"];
const BOUNDARY = composeId(ID_EPOCH_MS + 1_000_000, 0, 0);

function segment(from: bigint, placement: string, labels: readonly string[], extra: Partial<Segment> = {}): Segment {
  return {
    from: String(from),
    placement,
    shards: labels.map((label) => ({ label, weight: 1 })),
    overrides: [],
    ...extra,
  };
}

function row(dialog: string, id = 0n, author = 1, client = "a"): RowKey {
  return { dialog, id, author, client };
}

function split(dialog: string, shards: string[]): object {
  return { dialog, action: "split", shards };
}

test("a row belongs to the segment that its id falls in, up to the boundary itself", () => {
  const middle = BOUNDARY * 2n;
  const router = compileTopology(
    validateTopology({
      epoch: 3,
      shards: LABELS,
      segments: [
        segment(0n, "slots", ["03"]),
        segment(BOUNDARY, "jump", ["01"]),
        segment(middle, "modulo", ["00", "02"], { overrides: [{ dialog: "5_6", action: "pin", shard: "02" }] }),
      ],
    }),
  );
  assert.deepEqual(
    [0n, BOUNDARY - 1n, BOUNDARY, middle - 1n].map((id) => router.place(row("5_6", id))),
    [3, 3, 1, 1],
  );
  assert.deepEqual(
    [middle, 2n ** 63n - 1n].map((id) => router.place(row("5_6", id))),
    [2, 2],
  );
  assert.deepEqual(router.shardsOf("5_6"), [1, 2, 3]);
  assert.equal(router.epoch, 3);
  assert.deepEqual(router.describe(), { placement: "modulo", overrides: ["pin 5_6 to 02"] });
});

test("a split dialog's part follows author and client id, whatever the message id", () => {
  const shards = splitShards("1_2", LABELS, 3);
  const overrides = [{ dialog: "1_2", action: "split" as const, shards }];
  const router = compileTopology(singleSegment({ labels: LABELS, placement: "time-bucket", overrides }));
  for (let i = 0; i < 50; i++) {
    const placed = router.place(row("1_2", BigInt(i) << 40n, 1, `c${i}`));
    assert.equal(LABELS[placed], shards[splitPart(1, `c${i}`, 3)]);
    assert.equal(router.place(row("1_2", 0n, 1, `c${i}`)), placed);
  }
  assert.deepEqual(
    router.shardsOf("1_2"),
    shards.map((label) => LABELS.indexOf(label)).sort((a, b) => a - b),
  );
  assert.deepEqual(router.describe().overrides, [`split 1_2 over ${shards.join(", ")}`]);
});

test("every row lies on a shard that shardsOf names, and its retry looks there", () => {
  const specs = Object.keys(PLACEMENTS);
  const cuts = [3, 5, 7];
  const override = fc.oneof(
    fc.record({
      dialog: fc.constantFrom("1_2", "3_4"),
      action: fc.constant("pin" as const),
      shard: fc.constantFrom(...LABELS),
    }),
    fc.record({
      dialog: fc.constant("5_6"),
      action: fc.constant("split" as const),
      shards: fc.shuffledSubarray(LABELS, { minLength: 1 }),
    }),
  );
  const anySegment = fc
    .record({
      placement: fc.constantFrom(...specs),
      labels: fc.shuffledSubarray(LABELS, { minLength: 1 }),
      overrides: fc.uniqueArray(override, { selector: ({ dialog }) => dialog, maxLength: 3 }),
    })
    .map((one) =>
      one.placement === "range" && one.labels.length > 1
        ? { ...one, placement: `range:at=${cuts.slice(0, one.labels.length - 1).join("/")}` }
        : one,
    );
  const anyRow = fc.record({
    dialog: fc.constantFrom("1_2", "3_4", "5_6", "7_8", "g_9"),
    id: fc.bigInt({ min: 0n, max: BOUNDARY * 5n }),
    author: fc.maxSafeInteger(),
    client: fc.string(),
  });
  fc.assert(
    fc.property(
      fc.array(anySegment, { minLength: 1, maxLength: 4 }),
      fc.array(anyRow, { minLength: 20 }),
      (parts, rows) => {
        const segments = parts.map(({ placement, labels, overrides }, i) =>
          segment(BOUNDARY * BigInt(i), placement, labels, { overrides }),
        );
        const named = segments.flatMap(({ shards, overrides }) => [
          ...shards.map(({ label }) => label),
          ...overrides.flatMap((one) => (one.action === "pin" ? [one.shard] : one.shards)),
        ]);
        const router = compileTopology(validateTopology({ epoch: 1, shards: [...new Set(named)], segments }));
        for (const key of rows) {
          const tries = router.triesOf(key.dialog, key.author, key.client);
          assert.ok(tries.includes(router.place(key)));
          assert.ok(tries.every((shard) => router.shardsOf(key.dialog).includes(shard)));
        }
      },
    ),
    { numRuns: 30, seed: 1 },
  );
});

test("a topology survives JSON", () => {
  const topology = singleSegment({
    labels: LABELS,
    placement: "ring:virtualNodes=1",
    weights: [{ label: "00", weight: 0.5 }, ...LABELS.slice(1).map((label) => ({ label, weight: 1 }))],
  });
  assert.equal(topology.epoch, 1);
  assert.deepEqual(validateTopology(JSON.parse(JSON.stringify(topology))), topology);
  assert.deepEqual(compileTopology(topology).describe().overrides, ["weights 00 × 0.5, 01 × 1, 02 × 1, 03 × 1"]);
});

test("a bad topology is refused with everything that is wrong with it", () => {
  const good = singleSegment({ labels: LABELS, placement: "slots" });
  const first = good.segments[0]!;
  const cases: [unknown, string[]][] = [
    [null, ["is an object"]],
    [[], ["is an object"]],
    [{}, ["epoch", "shards is not", "segments is not"]],
    [{ ...good, epoch: 0, extra: 1, segments: [] }, ["epoch", '"extra"', "segments is not"]],
    [{ ...good, shards: [0, 1] }, ["shards is not"]],
    [
      { ...good, segments: [{ ...first, from: 0, shards: [{ label: "00" }] }] },
      ["segment 0: from", "segment 0: shards"],
    ],
    [
      { ...good, segments: [first, 7, { ...first, overrides: [{ dialog: "1_2", action: "pin" }] }] },
      ["segment 1 is", "segment 2: overrides"],
    ],
    [{ ...good, segments: [{ ...first, from: "5" }] }, ['starts at "5"']],
    [
      { ...good, segments: [first, { ...first, from: "9223372036854775808" }, { ...first, from: "01" }] },
      ["9223372036854775808", '"01"'],
    ],
    [{ ...good, segments: [first, { ...first, from: "9" }, { ...first, from: "9" }] }, ["from 9 follows"]],
    [{ ...good, shards: [...LABELS, "03", "x"] }, ["03 is named twice", '"x"']],
    [{ ...good, shards: ["00", "01", "02"] }, ["03 is named but not listed"]],
    [{ ...good, segments: [{ ...first, placement: "rign" }] }, ['no placement "rign"', "ring", "slots"]],
    [
      {
        ...good,
        segments: [
          {
            ...first,
            placement: "slots:a=1,b",
            overrides: [split("2_1", []), split("3_4", ["00", "00"]), split("3_4", ["07"])],
          },
        ],
      },
      ['"b"', '"2_1" is not', "names no shards", "a shard twice", "two overrides", "07 is named but not listed"],
    ],
  ];
  for (const [topology, words] of cases) {
    assert.throws(
      () => validateTopology(topology),
      (error) => {
        assert.ok(error instanceof ConfigError && error.code === "BAD_TOPOLOGY", String(error));
        for (const word of words) assert.ok(error.message.includes(word), `${word} in: ${error.message}`);
        return !error.message.includes("\n");
      },
    );
  }
});

test("a placement is a name with options", () => {
  assert.equal(parsePlacement("slots").entry, PLACEMENTS["slots"]);
  assert.deepEqual(parsePlacement("ring:virtualNodes=1").options, { virtualNodes: "1" });
  assert.deepEqual(parsePlacement("range:at=1000/2000").options, { at: "1000/2000" });
  for (const bad of [
    "",
    "Slots",
    "toString",
    "slots:",
    "ring:virtualNodes",
    "ring:virtualNodes=",
    "ring:a=1,a=2",
    "slots,",
    "range:at=1000,2000",
  ]) {
    assert.throws(() => parsePlacement(bad), { code: "BAD_PLACEMENT" }, bad);
  }
  assert.throws(
    () => parsePlacement("rign:x"),
    /no placement "rign": there are slots, .*; "x" in "rign:x" is not option=value/,
  );
});

test("with one shard everything is on it", () => {
  for (const placement of Object.keys(PLACEMENTS)) {
    const topology: Topology = singleSegment({ labels: ["00"], placement });
    assert.equal(compileTopology(topology).place(row("1_2", BOUNDARY)), 0);
  }
});
