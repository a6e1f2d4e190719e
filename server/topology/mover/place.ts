import type { Topology } from "../../placement/contract.ts";
import { compileTopology } from "../../placement/router.ts";
import type { MessageRow } from "../../shards/contract.ts";

/** The label of the shard that owns a row under a topology. */
export type OwnerOf = (row: MessageRow) => string;

export function ownerOf(topology: Topology): OwnerOf {
  const router = compileTopology(topology);
  return ({ author, client, dialog, id }) => router.labels[router.place({ dialog, id: BigInt(id), author, client })]!;
}

/** Rows by the shard that they go to; those for which `to` says null are left out. */
export function groupRows<T>(rows: readonly T[], to: (row: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const label = to(row);
    if (label === null) continue;
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [row]);
    else group.push(row);
  }
  return groups;
}
