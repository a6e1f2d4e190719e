import { pathToFileURL } from "node:url";
import { composeId, ID_EPOCH_MS } from "../server/placement/message-id.ts";
import { splitShards } from "../server/placement/overrides.ts";
import { evenRanges } from "../server/placement/range.ts";
import { PLACEMENTS } from "../server/placement/registry.ts";
import { compileTopology } from "../server/placement/router.ts";
import { singleSegment } from "../server/placement/topology.ts";
import type { RowKey, Topology } from "../server/placement/contract.ts";

export interface PlacementRow {
  readonly placement: string;
  /** Rows placed per second by one thread, millions. */
  readonly millionsPerS: number;
}

const LABELS = ["00", "01", "02", "03", "04", "05", "06", "07"];
const KEYS = 20_000;
/** Lower users of the rows. */
const NUMBERS = Float64Array.from({ length: KEYS }, (_, i) => i + 1);

/**
 * Places rows of different dialogs on eight shards, through the router as the server does.
 *
 * @param seconds for each placement, after a third of it as warm-up
 */
export function benchPlacements(seconds: number): PlacementRow[] {
  const overrides = [{ dialog: "1_2", action: "split" as const, shards: splitShards("1_2", LABELS, 4) }];
  const topologies: [string, Topology][] = [
    ...Object.keys(PLACEMENTS).map((name): [string, Topology] => [
      name,
      singleSegment({ labels: LABELS, placement: name === "range" ? evenRanges(NUMBERS, LABELS.length) : name }),
    ]),
    ["slots, every row of a split dialog", singleSegment({ labels: LABELS, placement: "slots", overrides })],
  ];
  return topologies.map(([placement, topology]) => {
    const keys = placement.includes("split") ? rowsOf(() => "1_2") : rowsOf((i) => `${i + 1}_${i * 31 + 1_000_000}`);
    placeFor(topology, keys, seconds / 3);
    return { placement, millionsPerS: placeFor(topology, keys, seconds) / 1e6 };
  });
}

function rowsOf(dialog: (i: number) => string): RowKey[] {
  return Array.from({ length: KEYS }, (_, i) => ({
    dialog: dialog(i),
    id: composeId(ID_EPOCH_MS + 80_000_000_000 + i, 0, 1),
    author: i + 1,
    client: `run-${i}`,
  }));
}

/** @returns rows per second */
function placeFor(topology: Topology, keys: readonly RowKey[], seconds: number): number {
  const router = compileTopology(topology);
  const start = performance.now();
  let rounds = 0;
  let sum = 0;
  let elapsed = 0;
  do {
    for (const key of keys) sum += router.place(key);
    rounds += 1;
    elapsed = (performance.now() - start) / 1000;
  } while (elapsed < seconds);
  // The sum is used, so that the loop cannot be optimised away.
  return Number.isNaN(sum) ? 0 : (rounds * keys.length) / elapsed;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { placement, millionsPerS } of benchPlacements(0.5)) {
    process.stdout.write(`${placement.padEnd(36)} ${millionsPerS.toFixed(1).padStart(6)} M/s\n`);
  }
}
