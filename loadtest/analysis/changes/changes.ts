import { sum } from "d3-array";
import type { Verification } from "../../../server/protocol/shards.ts";
import type { Topology } from "../../../server/placement/contract.ts";
import type { AckRow } from "../../measurement/rehearsed.ts";
import type { RunEvidence } from "../result/run-evidence.ts";
import type { Result } from "../result/result.ts";
import type { Layout } from "../skew/where-it-lay.ts";
import { auditEpochs } from "./epochs.ts";
import { movedKeys } from "./moved-keys.ts";
import type { SeenChange, SeenChanges } from "../result/seen-changes.ts";
import { stallsOf } from "./stalls.ts";

type Parts = Pick<Result, "changes" | "stalls" | "epochs" | "placed">;

/** What a result says of shards that changed while the run went on; nothing when nobody looked. */
export function changesIn(evidence: RunEvidence, { dialogs }: Pick<Layout, "dialogs">): Parts {
  const { measurement, seen } = evidence;
  const { acks = [], stalls = [] } = measurement.rehearsed ?? {};
  const stalled = stallsOf(stalls);
  if (seen === undefined) return stalled === null ? {} : { stalls: stalled };
  const keys = dialogs.map(({ dialog }) => dialog);
  const { verification } = seen;
  return {
    changes: seen.changes.map((change) => changeRow(change, seen, keys, Date.parse(measurement.startedAt))),
    ...(stalled !== null && { stalls: stalled }),
    ...(evidence.audit !== null && { epochs: epochsIn(evidence, acks) }),
    ...(verification !== null && { placed: placedIn(verification) }),
  };
}

function placedIn({ differing, match, messages, shards, twins, unreachable }: Verification) {
  const [misplaced, copies] = [sum(shards, (shard) => shard.misplaced), sum(shards, (shard) => shard.copies)];
  return { match, messages, misplaced, copies, differing, twins, unreachable: [...unreachable] };
}

function changeRow(change: SeenChange, { topologies }: SeenChanges, keys: readonly string[], startMs: number) {
  const { atMs, epoch, forecast, kind, shard, untilMs } = change;
  const index = topologies.findIndex(({ topology }) => topology.epoch === epoch);
  const [before, after]: (Topology | undefined)[] = [topologies[index - 1]?.topology, topologies[index]?.topology];
  // A rebalance leaves the newest segment as it was.
  const isNew = kind !== "rebalance" && before !== undefined && after !== undefined;
  return {
    atS: seconds(atMs - startMs),
    ...(untilMs !== undefined && { untilS: seconds(untilMs - startMs) }),
    kind,
    ...(shard !== undefined && { shard }),
    ...(epoch !== undefined && { epoch }),
    ...(isNew && { keys: { ...movedKeys(before, after, keys), ...(forecast !== undefined && { forecast }) } }),
  };
}

const seconds = (ms: number): number => Math.round(ms) / 1_000;

function epochsIn({ after, dialogs, measurement, seen, unknowns }: RunEvidence, acks: readonly AckRow[]) {
  const { topology } = after;
  const found = unknowns.flatMap(({ message, shard }) =>
    message === null || shard === null ? [] : [{ message, shard }],
  );
  const startMs = Date.parse(measurement.startedAt);
  const firstSeen = (segment: number) => {
    const [, ...later] = seen!.topologies;
    const { from } = topology.segments[segment]!;
    const isOld = seen!.topologies[0]?.topology.segments.some((one) => one.from === from) !== false;
    return isOld ? undefined : later.find((one) => one.topology.segments.some((other) => other.from === from));
  };
  return auditEpochs(topology, acks, { dialogs: dialogs.dialogs, found }).map(({ first, last, ...row }) => {
    const since = firstSeen(first);
    return {
      ...(since !== undefined && { sinceS: seconds(since.atMs - startMs), epoch: since.topology.epoch }),
      segments: last - first + 1,
      ...row,
      shards: [...row.shards],
    };
  });
}
