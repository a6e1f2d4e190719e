import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { ConfigError } from "../../../server/config-error.ts";
import { dialogNumber } from "../../../server/placement/dialog.ts";
import { hashText } from "../../../server/placement/hash.ts";
import { composeId, ID_EPOCH_MS } from "../../../server/placement/message-id.ts";
import { evenRanges } from "../../../server/placement/range.ts";
import { PLACEMENTS, parsePlacement } from "../../../server/placement/registry.ts";
import type { Placement, WeightedShard } from "../../../server/placement/contract.ts";

/** What the suite expects of a variant beyond the contract. */
interface Promises {
  /** Squared coefficient of variation of a shard's share of the key space, with this many shards. */
  readonly variance: (shards: number) => number;
  /** Share of the keys that move from 4 to 5 shards, and whether only to the newcomer. */
  readonly moved: { readonly share: number; readonly onlyToNewcomer: boolean };
  /** Share of all keys that may move between other shards when one in the middle leaves; null: only the last may leave. */
  readonly othersMoved: number | null;
}

const even = () => 0;
const ideal = { share: 1 / 5, onlyToNewcomer: true };
/** V arcs of the N·V of a ring: a beta distribution with mean 1/N. */
const ringOf = (points: number) => (shards: number) => (shards - 1) / (shards * points + 1);

const VARIANTS: Record<string, Promises> = {
  slots: { variance: even, moved: ideal, othersMoved: 0.02 },
  rendezvous: { variance: even, moved: ideal, othersMoved: 0 },
  jump: { variance: even, moved: ideal, othersMoved: null },
  ring: { variance: ringOf(160), moved: ideal, othersMoved: 0 },
  "ring:virtualNodes=20": { variance: ringOf(20), moved: ideal, othersMoved: 0 },
  "time-bucket": { variance: even, moved: ideal, othersMoved: 0.02 },
  range: { variance: even, moved: { share: 1 / 2, onlyToNewcomer: false }, othersMoved: null },
  modulo: { variance: even, moved: { share: 4 / 5, onlyToNewcomer: false }, othersMoved: null },
};

const KEYS = Array.from({ length: 40_000 }, (_, i) => `${i + 1}_${(i + 1) * 17 + 5_000_000}`);
const NUMBERS = Float64Array.from(KEYS, (_, i) => i + 1);
const ID = composeId(ID_EPOCH_MS + 80_000_000_000, 7, 3);
const words = new Uint32Array(4);
/** Standard deviations that a normal variable leaves with a probability below 1e-6. */
const Z = 5;
/** 1 − 1e-6 quantile of χ² with 7 degrees of freedom. */
const CHI2_7 = 40.6;

function equal(...labels: string[]): WeightedShard[] {
  return labels.map((label) => ({ label, weight: 1 }));
}

function numbered(count: number): WeightedShard[] {
  return equal(...Array.from({ length: count }, (_, i) => String(i).padStart(2, "0")));
}

function make(spec: string, shards: readonly WeightedShard[]): Placement {
  const { entry, options } = parsePlacement(spec === "range" ? evenRanges(NUMBERS, shards.length) : spec);
  return entry.make(shards, options);
}

function counts(placement: Placement, shards: number): number[] {
  const counts = Array.from({ length: shards }, () => 0);
  for (const key of KEYS) counts[placement.place(key, ID)]! += 1;
  return counts;
}

/** Label of every key. */
function owners(spec: string, shards: readonly WeightedShard[]): string[] {
  const placement = make(spec, shards);
  return KEYS.map((key) => shards[placement.place(key, ID)]!.label);
}

/** Within the bound for a share drawn by `KEYS.length` keys from a key space that itself varies by `variance`. */
function assertShare(share: number, expected: number, variance: number, what: string): void {
  const deviation = Math.sqrt((expected * (1 - expected)) / KEYS.length + expected ** 2 * variance);
  assert.ok(Math.abs(share - expected) <= Z * deviation, `${what}: ${share}, expected ${expected} ± ${Z * deviation}`);
}

test("the suite covers the registry", () => {
  const covered = new Set(Object.keys(VARIANTS).map((spec) => spec.split(":")[0]));
  assert.deepEqual(covered, new Set(Object.keys(PLACEMENTS)));
});

for (const [spec, { variance, moved, othersMoved }] of Object.entries(VARIANTS)) {
  const { entry } = parsePlacement(spec);

  describe(spec, () => {
    test("any text and id has one shard in range, the same in every instance", () => {
      const any = fc.record({
        shards: fc.integer({ min: 1, max: 40 }),
        dialog: fc.oneof(
          fc.string({ unit: "binary" }),
          fc.maxSafeInteger().map((user) => `${Math.abs(user)}_${2 ** 53}`),
        ),
        id: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        other: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      });
      fc.assert(
        fc.property(any, ({ shards, dialog, id, other }) => {
          const placement = make(spec, numbered(shards));
          const shard = placement.place(dialog, id);
          assert.ok(Number.isInteger(shard) && shard >= 0 && shard < shards);
          assert.equal(make(spec, numbered(shards)).place(dialog, id), shard);
          if (!placement.byTime) assert.equal(placement.place(dialog, other), shard);
          hashText(dialog, placement.seed(id), words);
          const number = dialogNumber(dialog);
          const [high, low] = placement.byNumber ? [Math.floor(number / 2 ** 32), number >>> 0] : words;
          assert.equal(placement.placeWords(high!, low!), shard);
        }),
        { numRuns: 30, seed: 1 },
      );
    });

    test("eight shards get equal shares, up to chance", () => {
      const mean = KEYS.length / 8;
      const spread = counts(make(spec, numbered(8)), 8).reduce((sum, count) => sum + (count / mean - 1) ** 2, 0);
      const expected = variance(8) + 7 / KEYS.length;
      assert.ok((spread * 7) / (8 * expected) <= CHI2_7, `Σ of squared deviations ${spread}, expected ${8 * expected}`);
    });

    test("a fifth shard takes what it should", () => {
      const before = owners(spec, numbered(4));
      const after = owners(spec, numbered(5));
      const gone = KEYS.map((_, i) => i).filter((i) => before[i] !== after[i]);
      assertShare(gone.length / KEYS.length, moved.share, variance(5), "moved");
      assert.equal(
        gone.every((i) => after[i] === "04"),
        moved.onlyToNewcomer,
      );
    });

    if (othersMoved !== null) {
      test("when a shard in the middle leaves, the others keep their keys", () => {
        const before = owners(spec, numbered(5));
        const after = owners(spec, equal("00", "01", "03", "04"));
        const stirred = before.filter((label, i) => label !== "02" && label !== after[i]).length;
        assert.ok(stirred / KEYS.length <= othersMoved, `${stirred} keys of other shards moved`);
      });
    }

    if (entry.weighted) {
      test("shares follow the weights, in any unit and order", () => {
        const weights = [10, 40, 20, 10];
        const shards = weights.map((weight, i) => ({ label: `0${i}`, weight }));
        const labels = owners(spec, shards);
        for (const { label, weight } of shards) {
          const share = labels.filter((owner) => owner === label).length / KEYS.length;
          // A light shard has fewer points: the variance of a share grows as its weight falls.
          assertShare(share, weight / 80, variance(4) * (20 / weight), `share of ${label}`);
        }
        assert.deepEqual(owners(spec, shards.toReversed()), labels);
        assert.deepEqual(
          owners(
            spec,
            shards.map(({ label, weight }) => ({ label, weight: weight / 16 })),
          ),
          labels,
        );
      });
    } else {
      test("unequal weights are refused, equal ones are not", () => {
        const heavy = { label: "01", weight: 2 };
        assert.throws(() => make(spec, [{ label: "00", weight: 1 }, heavy]), {
          code: "BAD_PLACEMENT",
          message: /weigh/,
        });
        assert.equal(make(spec, [heavy]).place("1_2", 0n), 0);
      });
    }

    test("bad shards and options are refused, all faults at once", () => {
      const shards = [...equal("00", "00", "x"), { label: "03", weight: 0 }, { label: "04", weight: Number.NaN }];
      assert.throws(
        () => entry.make(shards, { virtualNodes: "0", widthS: "1.5", colour: "red" }),
        (error) => {
          assert.ok(error instanceof ConfigError && error.code === "BAD_PLACEMENT");
          for (const word of [
            "00 is named twice",
            '"x"',
            "weight 0",
            "weight NaN",
            "colour",
            "virtualNodes",
            "widthS",
          ]) {
            assert.ok(error.message.includes(word), `${word} in ${error.message}`);
          }
          return !error.message.includes("\n");
        },
      );
      assert.throws(() => entry.make([], {}), /no shards/);
    });
  });
}

test("time-bucket keeps an hour, or the width it is told, together and spreads the hours over all shards", () => {
  for (const [spec, widthS] of [
    ["time-bucket", 3_600],
    ["time-bucket:widthS=60", 60],
  ] as const) {
    const placement = make(spec, numbered(4));
    const at = (seconds: number) => placement.place("1_2", composeId(ID_EPOCH_MS + seconds * 1_000, 9, 9));
    const buckets = Array.from({ length: 200 }, (_, bucket) => bucket * widthS);
    assert.ok(buckets.every((start) => at(start) === at(start + widthS - 0.001)));
    assert.equal(new Set(buckets.map(at)).size, 4);
    assert.ok(buckets.some((start) => at(start) !== at(start - 0.001 + widthS * 2)));
  }
});
