import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { composeId, ID_EPOCH_MS } from "../../../server/placement/message-id.ts";
import { createWhen, periodsOf } from "../../../server/placement/periods.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { validateTopology } from "../../../server/placement/topology.ts";

const equal = (labels: readonly string[]) => labels.map((label) => ({ label, weight: 1 }));
const idAt = (ms: number): bigint => composeId(ID_EPOCH_MS + ms, 0, 0);

const topology = validateTopology({
  epoch: 3,
  shards: ["00", "01", "02", "03"],
  segments: [
    { from: "0", placement: "slots", shards: equal(["00", "01"]), overrides: [] },
    {
      from: idAt(30_500).toString(),
      placement: "time-bucket:widthS=2",
      shards: equal(["00", "01", "02", "03"]),
      overrides: [],
    },
    { from: idAt(90_000).toString(), placement: "time-bucket", shards: equal(["00", "02"]), overrides: [] },
  ],
});

test("messages of one dialog, segment and bucket lie on one shard", () => {
  const periods = periodsOf(topology);
  assert.deepEqual(
    periods.map(({ bucketMs }) => bucketMs),
    [0, 2_000, 3_600_000],
  );
  const when = createWhen(periods);
  const router = compileTopology(topology);
  const place = (dialog: string, id: bigint) => router.place({ dialog, id, author: 1, client: "a" });
  fc.assert(
    fc.property(fc.nat(9e6), fc.nat(4_000), fc.integer({ min: 1, max: 500 }), (ms, later, user) => {
      const [one, other] = [idAt(ms), idAt(ms + later)];
      const [a, b] = [when(one), when(other)];
      if (a.segment !== b.segment || a.bucket !== b.bucket) return;
      assert.equal(place(`${user}_501`, one), place(`${user}_501`, other));
    }),
  );
  const seen = new Set(Array.from({ length: 50 }, (_, i) => place("1_2", idAt(31_000 + i * 1_000))));
  assert.equal(seen.size, 4, "and those of other buckets on any");
});
