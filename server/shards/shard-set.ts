import { ConfigError } from "../config-error.ts";
import { shardFaults } from "../placement/faults.ts";
import type { Shard } from "./shard.ts";
import type { ShardSpec } from "./url.ts";

/** The shards of this server. One that is drained stays, as it can still be read. */
export interface ShardSet {
  /** In the order in which they came. */
  all(): readonly Shard[];
  get(label: string): Shard | undefined;
  /**
   * Opens one more. One that cannot be reached is in the set all the same: it is down and comes back by itself.
   * @throws {ConfigError} BAD_LABEL, SHARD_EXISTS for a label that is taken, and what waiting would not mend; then
   *   nothing has changed
   */
  add(label: string, spec: ShardSpec): Promise<Shard>;
  /** Puts one that the topology names in the set and opens it; one that cannot be opened is down. */
  join(label: string, spec: ShardSpec): Promise<void>;
  /** One that the topology does not name any more is closed, and is in the set no longer. */
  leave(label: string): Promise<void>;
  /** Opens those of the start. @throws {ConfigError} for shards that waiting would not mend, all of them at once */
  open(): Promise<void>;
  /** Answers what is queued and closes the stores. */
  close(): Promise<void>;
}

interface SetOptions {
  /** Makes a shard that is not open yet. */
  readonly build: (label: string, spec: ShardSpec) => Shard;
  /** It is in the set from now on: whoever counts shards counts it. */
  readonly onAdd: (shard: Shard) => void;
}

/** @param first of the start; they are in the set before they are open */
export function createShardSet(
  first: readonly { readonly label: string; readonly spec: ShardSpec }[],
  { build, onAdd }: SetOptions,
): ShardSet {
  const shards: Shard[] = [];
  const byLabel = new Map<string, Shard>();
  const coming = new Set<string>();
  let isOpen = false;

  function keep(shard: Shard): void {
    shards.push(shard);
    byLabel.set(shard.label, shard);
    onAdd(shard);
  }

  for (const { label, spec } of first) keep(build(label, spec));
  return {
    all: () => shards,
    get: (label) => byLabel.get(label),
    async add(label, spec) {
      const [fault] = shardFaults([{ label, weight: 1 }]);
      if (fault !== undefined) throw new ConfigError("BAD_LABEL", fault);
      if (byLabel.has(label) || coming.has(label)) {
        throw new ConfigError("SHARD_EXISTS", `there is a shard ${label} already: give this one another label`);
      }
      coming.add(label);
      const shard = build(label, spec);
      try {
        await shard.writer.start();
      } catch (error) {
        await shard.close();
        throw error;
      } finally {
        coming.delete(label);
      }
      keep(shard);
      return shard;
    },
    async join(label, spec) {
      const shard = build(label, spec);
      keep(shard);
      if (isOpen) await shard.writer.start();
    },
    async leave(label) {
      const shard = byLabel.get(label);
      if (shard === undefined) return;
      byLabel.delete(label);
      shards.splice(shards.indexOf(shard), 1);
      await shard.close();
    },
    async open() {
      isOpen = true;
      const starts = await Promise.allSettled(shards.map((shard) => shard.writer.start()));
      rejectFailed(starts.flatMap((start) => (start.status === "rejected" ? [start.reason] : [])));
    },
    async close() {
      await Promise.all(shards.map((shard) => shard.close()));
    },
  };
}

function rejectFailed(failures: readonly unknown[]): void {
  if (failures.length === 0) return;
  const other = failures.find((failure) => !(failure instanceof ConfigError));
  if (other !== undefined) throw other;
  const config = failures.filter((failure) => failure instanceof ConfigError);
  throw new ConfigError(config[0]!.code, config.map((failure) => failure.message).join("; "));
}
