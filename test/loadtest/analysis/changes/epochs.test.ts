import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { auditEpochs } from "../../../../loadtest/analysis/changes/epochs.ts";
import { createAckTimes } from "../../../../loadtest/measurement/rehearsed.ts";
import { composeId, ID_EPOCH_MS } from "../../../../server/placement/message-id.ts";
import { createWhen, periodsOf } from "../../../../server/placement/periods.ts";
import type { Topology } from "../../../../server/placement/contract.ts";
import { labelsOf, topologyOf } from "../../../support/placed-run.ts";

const idAt = (ms: number, counter = 0): string => composeId(ID_EPOCH_MS + ms, counter, 0).toString();

function topologyFrom(...froms: string[]): Topology {
  const base = topologyOf(...froms.map((_, i) => ({ fromS: i, labels: labelsOf(2) })));
  return { ...base, segments: base.segments.map((segment, i) => ({ ...segment, from: froms[i]! })) };
}

test("a boundary in the middle of a tenth of a second: each message is on its side of it", () => {
  const topology = topologyFrom("0", idAt(1_050));
  const acks = createAckTimes();
  for (const [shard, id] of [
    ["00", idAt(900)],
    ["00", idAt(950)],
    ["01", idAt(1_050)],
    ["01", idAt(1_090)],
  ] as const)
    acks.add(shard, id);
  const dialogs = [
    { shard: "00", dialog: "1_2", count: 2, segment: 0 },
    { shard: "01", dialog: "1_2", count: 1, segment: 1 },
    { shard: "00", dialog: "1_3", count: 1, segment: 1 },
  ];
  assert.deepEqual(auditEpochs(topology, acks.rows(), { dialogs, found: [] }), [
    { first: 0, last: 0, acked: 2, stored: 2, shards: [{ shard: "00", acked: 2, stored: 2 }] },
    {
      first: 1,
      last: 1,
      acked: 2,
      stored: 2,
      shards: [
        { shard: "00", acked: 0, stored: 1 },
        { shard: "01", acked: 2, stored: 1 },
      ],
    },
  ]);
});

test("messages on both sides of a boundary within a tenth of a second: the two segments are one", () => {
  const topology = topologyFrom("0", idAt(1_050), idAt(2_000));
  const acks = createAckTimes();
  for (const ms of [1_010, 1_060, 2_000]) acks.add("00", idAt(ms));
  const dialogs = [0, 1, 2].map((segment) => ({ shard: "00", dialog: "1_2", count: 1, segment }));
  const rows = auditEpochs(topology, acks.rows(), { dialogs, found: [] });
  assert.deepEqual(
    rows.map(({ first, last, acked, stored }) => [first, last, acked, stored]),
    [
      [0, 1, 2, 2],
      [2, 2, 1, 1],
    ],
  );
});

test("what was never acknowledged and is found counts as acknowledged; what is lost shows in its segment", () => {
  const topology = topologyFrom("0", idAt(1_000));
  const acks = createAckTimes();
  acks.add("00", idAt(10));
  acks.add("00", idAt(1_010));
  const found = [{ shard: "01", message: idAt(1_020) }];
  const dialogs = [
    { shard: "01", dialog: "1_2", count: 1 },
    { shard: "00", dialog: "1_2", count: 1, segment: 0 },
  ];
  const rows = auditEpochs(topology, acks.rows(), { dialogs, found });
  assert.deepEqual(
    rows.map(({ acked, stored }) => [acked, stored]),
    [
      [1, 1],
      [2, 1],
    ],
  );
});

test("whatever the boundaries and ids: every segment, or group of them, has what its ids say", () => {
  const moments = fc.integer({ min: 0, max: 3_000 });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 3_000 }), { maxLength: 4 }),
      fc.array(fc.tuple(fc.constantFrom("00", "01"), moments), { maxLength: 60 }),
      (boundaries, messages) => {
        const topology = topologyFrom("0", ...boundaries.sort((a, b) => a - b).map((ms) => idAt(ms)));
        const segmentOf = createWhen(periodsOf(topology));
        const acks = createAckTimes();
        const dialogs = messages.map(([shard, ms], i) => {
          acks.add(shard, idAt(ms, i));
          return { shard, dialog: "1_2", count: 1, segment: segmentOf(BigInt(idAt(ms, i))).segment };
        });
        const rows = auditEpochs(topology, acks.rows(), { dialogs, found: [] });
        assert.equal(
          rows.reduce((sum, { acked }) => sum + acked, 0),
          messages.length,
        );
        for (const { acked, first, last, shards, stored } of rows) {
          const own = dialogs.filter(({ segment }) => segment >= first && segment <= last);
          assert.deepEqual([acked, stored], [own.length, own.length]);
          for (const row of shards) assert.equal(row.acked, own.filter(({ shard }) => shard === row.shard).length);
        }
      },
    ),
  );
});
