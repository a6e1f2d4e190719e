import { ConfigError } from "../config-error.ts";
import { StoreError, type ShardStore } from "../shards/contract.ts";
import { nextLabelOf, type Placed } from "./document.ts";

/** A database as it was found. */
export interface Found {
  /** The system and the shard that it is, `CLUSTER/LABEL`, or null. */
  readonly cluster: string | null;
  readonly holdsRows: boolean;
}

/**
 * Opens a database, looks, and closes it. It gets its tables if it has none, and no identity.
 *
 * @throws {ConfigError} NO_ANSWER, and what its engine refuses, such as BAD_DATABASE
 */
export async function inspect(store: ShardStore): Promise<Found> {
  let found: Found | null = null;
  try {
    await store.open(async (session) => {
      found = { cluster: session.mark.cluster, holdsRows: await session.holdsRows() };
    });
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new ConfigError("NO_ANSWER", `the database of the new shard does not answer: ${error.message}`);
  } finally {
    await store.close();
  }
  return found!;
}

/**
 * The label that a database gets when it joins: the next number; its own if it was removed and comes again.
 *
 * @param state of the system that it joins
 * @throws {ConfigError} NOT_EMPTY, OTHER_CLUSTER, SHARD_EXISTS
 */
export function labelFor(
  found: Found,
  { cluster, topology: { shards }, ...state }: Pick<Placed, "cluster" | "nextLabel" | "topology">,
): string {
  const [owner = "", label = ""] = found.cluster?.split("/") ?? [];
  if (found.cluster !== null && owner !== cluster) {
    const text = `the database belongs to system ${owner}, and this is ${cluster}: give an empty one of its own`;
    throw new ConfigError("OTHER_CLUSTER", text);
  }
  if (shards.includes(label)) throw new ConfigError("SHARD_EXISTS", `the database is shard ${label} of this system`);
  if (found.holdsRows) {
    throw new ConfigError("NOT_EMPTY", "the database holds messages, which would never be found: give an empty one");
  }
  if (label !== "") return label;
  return String(nextLabelOf(state, shards)).padStart(2, "0");
}
