import { dialogId, groupDialogId } from "../../../server/placement/dialog.ts";
import { negativeLog } from "../../../server/placement/exponential.ts";
import { composeId, ID_EPOCH_MS } from "../../../server/placement/message-id.ts";
import { pinWeights, splitShards } from "../../../server/placement/overrides.ts";
import { compileTopology } from "../../../server/placement/router.ts";
import { singleSegment, validateTopology } from "../../../server/placement/topology.ts";
import type { RowKey, Topology } from "../../../server/placement/contract.ts";

const LABELS = ["00", "01", "02", "03", "04", "05", "06"];
const FIRST_MS = ID_EPOCH_MS + 63_000_000_000;
const HOT = dialogId(1, 2);

/** Two thousand rows: dialogs of users and groups, ids over four days, client ids beyond ASCII. */
function rows(): RowKey[] {
  return Array.from({ length: 2_000 }, (_, i) => ({
    dialog: i % 10 === 0 ? HOT : i % 7 === 0 ? groupDialogId(i) : dialogId(i + 1, 2 ** 53 - 1 - i * 9_999_999),
    id: composeId(FIRST_MS + i * 172_800, i % 4096, i % 1024),
    author: i % 3 === 0 ? 2 ** 52 + i : i + 1,
    client: ["retry", "höher", "路由", "🔥", "\ud800"][i % 5] + String(i),
  }));
}

function topologies(): Record<string, Topology> {
  const weights = pinWeights(LABELS, "03", 0.1);
  const overrides = [
    { dialog: HOT, action: "split" as const, shards: splitShards(HOT, LABELS, 5) },
    { dialog: groupDialogId(7), action: "pin" as const, shard: "03" },
  ];
  const plain = ["slots", "rendezvous", "jump", "ring", "ring:virtualNodes=1", "time-bucket", "modulo"];
  plain.push("range:at=300/600/900/1200/1500/1800");
  const weighted = ["slots", "rendezvous", "ring", "time-bucket:widthS=60"];
  const all: Record<string, Topology> = {};
  for (const placement of plain) all[placement] = singleSegment({ labels: LABELS, placement });
  for (const placement of weighted) {
    all[`${placement}, weighted`] = singleSegment({ labels: LABELS, placement, weights, overrides });
  }
  const shards = LABELS.map((label) => ({ label, weight: 1 }));
  const segments = ["ring", "jump", "modulo"].map((placement, i) => {
    const from = i === 0 ? 0n : composeId(FIRST_MS + i * 100_000_000, 0, 0);
    return { from: String(from), placement, shards, overrides: [] };
  });
  all["three segments"] = validateTopology({ epoch: 3, shards: LABELS, segments });
  return all;
}

/** The shard of every row under every placement, as one text each, and logarithms to the last bit. Runs in k6 too. */
export function placedRows(): Record<string, string> {
  const keys = rows();
  const placed: Record<string, string> = {};
  for (const [name, topology] of Object.entries(topologies())) {
    const router = compileTopology(topology);
    placed[name] = keys.map((key) => router.place(key)).join("");
  }
  placed["logarithms"] = Array.from({ length: 500 }, (_, i) => negativeLog((i + 0.5) / 500)).join(" ");
  return placed;
}
