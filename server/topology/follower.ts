import { ConfigError } from "../config-error.ts";
import type { Guard } from "../guard.ts";
import type { Shard } from "../shards/shard.ts";
import { parseShardUrl, placeOf } from "../shards/url.ts";
import type { Sealing } from "./admission.ts";
import type { ChangeLog } from "./change-log.ts";
import { placedOf, replaceTopology, type Next, type Placed } from "./document.ts";
import { asError, patiently, type NodeClock, type Tell } from "./event.ts";
import { createRepeater } from "./repeater.ts";
import { sealingOf } from "./sealing.ts";
import { standingOf, type Standing } from "./state.ts";
import type { StateStore } from "./state-store.ts";
import type { Views } from "./view.ts";

/** Keeps one node's view at the newest topology of the state. */
export interface Follower {
  /** By what this node seals: the newest topology that it has read, which its view may not have reached yet. */
  sealing(): Sealing;
  /** What this node knows of it. */
  standing(): Standing | undefined;
  /** Takes what the state says at the start, before a shard is open, and watches it from then on. */
  begin(state: Placed): Promise<void>;
  /** Reads the state: from then on shards are sealed by it. */
  learn(): Promise<void>;
  /** Brings the view to the newest topology, if it is not there. Resolves without it when the state cannot be read. */
  refresh(): Promise<void>;
  /** While the view is on its way to a newer topology: resolves when it is there; else null. */
  change(): Promise<void> | null;
  /** Seals the shard up to this node's view, if that was not done before. @throws {StoreError} when it is lost */
  seal(shard: Shard): Promise<void>;
  /**
   * Changes the topology, by compare-and-set, and brings this node's view there.
   * @throws whatever `next` throws: then nothing has changed. {StateError} when the state cannot be reached
   */
  publish(next: (state: Placed, boundary: bigint) => Next): Promise<void>;
  stop(): Promise<void>;
}

export interface FollowerParts {
  readonly store: StateStore;
  readonly views: Views;
  readonly shards: () => readonly Shard[];
  /** Opens a shard that another node has added; one that cannot be reached comes by itself. */
  readonly open: (label: string, url: string) => Promise<void>;
  /** Closes a shard that the topology does not name any more. */
  readonly leave: (label: string) => Promise<void>;
  /** Mints nothing below the boundary any more, and has a grant above it. */
  readonly pass: (boundary: bigint) => Promise<void>;
  readonly clock: NodeClock;
  readonly guard: Guard;
  readonly tell: Tell;
  /** Puts what has changed in words, and keeps it; without it the log has the epoch alone. */
  readonly changes?: Pick<ChangeLog, "followed">;
  /** It took so many milliseconds from a newer topology that was read until ids go on from its boundary. */
  readonly onFollowed?: (ms: number) => void;
}

/** How often the state is read, ms. */
const WATCH_MS = 500;
/** Longest wait for a shard to be sealed, ms: one that does not answer is sealed before it is next used. */
const SEAL_MS = 2_000;

/**
 * The order is what makes a change safe (rules S and G of docs/topology.md): first every shard that answers is sealed,
 * so that nobody writes or reads there by the old topology; then the view changes; then ids go on from the boundary.
 */
export function createFollower(parts: FollowerParts): Follower {
  const { changes, clock, guard, leave, onFollowed, open, pass, shards, store, tell, views } = parts;
  let known: Placed | null = null;
  let following: Promise<void> | null = null;
  /** The newest epoch that this node sealed each shard up to. A connection made anew is sealed when it is made. */
  const sealed = new Map<string, number>();
  const watch = createRepeater({
    what: "the topology",
    clock,
    guard,
    run: refresh,
    pauseMs: () => WATCH_MS,
    // Whoever keeps the grant tells that the state cannot be read.
    onChange(error) {
      if (error === null) tell({ level: "info", text: "the newest topology can be followed again" });
      else tell({ level: "error", text: "the newest topology cannot be followed: this server stays behind", error });
    },
  });

  const sealing = (): Sealing => sealingOf(known ?? {}, clock.wall());

  function isNewer({ out, topology }: Placed): boolean {
    const view = views.current();
    return topology.epoch > view.topology.epoch || JSON.stringify(out) !== JSON.stringify(view.out);
  }

  async function learn(): Promise<void> {
    known = placedOf(await store.read());
  }

  function refresh(): Promise<void> {
    following ??= catchUp().finally(() => (following = null));
    return following;
  }

  async function catchUp(): Promise<void> {
    for (;;) {
      try {
        await learn();
      } catch {
        return;
      }
      if (!isNewer(known!)) return;
      await follow(known!);
    }
  }

  async function follow(state: Placed): Promise<void> {
    const { out, topology } = state;
    const before = views.current();
    const began = clock.now();
    await openMissing(state);
    if (topology.epoch === before.topology.epoch) {
      views.publish(topology, out);
      const words = changes?.followed(before, state) ?? "";
      if (words !== "") tell({ level: "info", text: words });
      return;
    }
    const lost = new Set(out.filter(({ phase }) => phase === "lost").map(({ label }) => label));
    const sealable = shards().filter((shard) => shard.state() === "up" && !lost.has(shard.label));
    await patiently(clock, SEAL_MS, Promise.all(sealable.map(trySeal)));
    views.publish(topology, out);
    for (const shard of shards()) if (lost.has(shard.label)) shard.writer.giveUp();
    closeUnnamed(topology.shards);
    await pass(sealing().boundary);
    onFollowed?.(clock.now() - began);
    const words = changes?.followed(before, state) ?? "";
    tell({ level: "info", text: `the topology is at epoch ${topology.epoch}${words === "" ? "" : `: ${words}`}` });
  }

  /**
   * A database that was added stays where it was added: a command line may count on with its label, or still name the
   * one that had the label before. An empty one in its place would hide its messages.
   */
  async function leaveOutdated({ urls }: Placed): Promise<void> {
    const given = new Map(shards().map(({ label, spec }) => [label, placeOf(spec)]));
    for (const [label, url] of Object.entries(urls)) {
      const added = placeOf(parseShardUrl(url));
      const place = given.get(label) ?? added;
      if (place === added) continue;
      const text = `shard ${label} was added as ${added}: what --shards gives for it, ${place}, is not used`;
      tell({ level: "warn", text, shard: label });
      await leave(label);
    }
  }

  async function openMissing({ topology, urls }: Placed): Promise<void> {
    const has = new Set(shards().map(({ label }) => label));
    const missing = topology.shards.filter((label) => !has.has(label));
    const unknown = missing.filter((label) => urls[label] === undefined);
    if (unknown.length > 0) throw otherShards(topology.epoch, unknown);
    await Promise.all(missing.map((label) => open(label, urls[label]!)));
  }

  /** What is under way there ends by itself, and nothing comes. */
  function closeUnnamed(labels: readonly string[]): void {
    for (const { label } of shards().filter((shard) => !labels.includes(shard.label))) {
      void leave(label).catch((error: unknown) => {
        tell({
          level: "warn",
          text: "a shard that was removed could not be closed",
          shard: label,
          error: asError(error),
        });
      });
    }
  }

  async function trySeal(shard: Shard): Promise<void> {
    try {
      await sealUp(shard);
    } catch (error) {
      const text = "a shard could not be sealed for the newest topology: it is before it is next used";
      tell({ level: "warn", text, shard: shard.label, error: asError(error) });
    }
  }

  async function sealUp(shard: Shard): Promise<void> {
    const { boundary, epoch } = sealing();
    if ((sealed.get(shard.label) ?? 0) >= epoch) return;
    await shard.seal(epoch, boundary);
    sealed.set(shard.label, epoch);
  }

  return {
    sealing,
    standing: () => (known === null ? undefined : standingOf(known)),
    learn,
    refresh,
    change: () => following,
    seal: sealUp,
    async begin(state) {
      known = state;
      await leaveOutdated(state);
      await openMissing(state);
      views.publish(state.topology, state.out);
      closeUnnamed(state.topology.shards);
      watch.start(WATCH_MS);
    },
    async publish(next) {
      await store.update((state) => ({ state: replaceTopology(state, next), result: null }));
      await refresh();
    },
    stop: () => watch.stop(),
  };
}

function otherShards(epoch: number, labels: readonly string[]): ConfigError {
  const text =
    `epoch ${epoch} of the topology names shard ${labels.join(", ")}, which --shards does not give: ` +
    "start with the URLs that were used before, in their order";
  return new ConfigError("OTHER_TOPOLOGY", text);
}
