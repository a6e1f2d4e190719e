import { ConfigError } from "../config-error.ts";
import type { Guard } from "../guard.ts";
import { changeTopology } from "./changes.ts";
import type { Next, Placed } from "./document.ts";
import { asError, type NodeClock, type Tell } from "./event.ts";
import { createHealth, type Patient } from "./health.ts";
import type { Out } from "./state.ts";

/** What is done about a shard that fails: nothing, a line in the log, or it is taken out of the topology. */
export const FAILOVER_MODES = ["off", "advise", "auto"] as const;
export type FailoverMode = (typeof FAILOVER_MODES)[number];

/** Takes shards that fail out of the topology, and puts them back when they have been well for a while. */
export interface Failover {
  start(): void;
  /** Looks once at every shard; `start` does so again and again. */
  look(): Promise<void>;
  /** Resolves when nothing is under way. */
  stop(): Promise<void>;
}

export interface FailoverParts {
  readonly mode: FailoverMode;
  /** A shard that answers nothing for so long is taken out, ms. */
  readonly deadMs: number;
  /** A shard that was taken out comes back when every answer was good for so long, ms; longer each time it is lost. */
  readonly wellMs: number;
  readonly patients: () => readonly Patient[];
  /** Labels of the shards that take writes, by this node's view. */
  readonly writable: () => readonly string[];
  readonly out: () => readonly Out[];
  readonly publish: (next: (state: Placed, boundary: bigint) => Next) => Promise<void>;
  /** Rule B: removes what was sent again elsewhere from a shard that is `returning`, and shows its history again. */
  readonly restore: (label: string) => Promise<void>;
  readonly clock: NodeClock;
  readonly guard: Guard;
  readonly tell: Tell;
}

/** How often each shard is asked, ms. */
export const PROBE_EVERY_MS = 250;
/** A shard that is lost again waits twice as long each time, up to so often. */
const MOST_DOUBLED = 6;

/**
 * Every node judges by itself what it can reach, and the first that finds a shard dead takes it out for all: at the
 * others, what was not stored there follows (rule R). One that answers is always left.
 */
export function createFailover(parts: FailoverParts): Failover {
  const { clock, deadMs, guard, mode, out, patients, publish, restore, tell, wellMs, writable } = parts;
  const health = createHealth(() => clock.now(), PROBE_EVERY_MS);
  /** How often each shard was lost while this process runs. */
  const losses = new Map<string, number>();
  /** What was told of a shard and has not changed since. */
  const told = new Map<string, string>();
  const restoring = new Map<string, Promise<void>>();
  let cancel: (() => void) | null = null;
  let busy: Promise<void> | null = null;

  const isDead = (label: string): boolean => health.illMs(label) >= deadMs;

  async function look(): Promise<void> {
    health.ask(patients());
    const labels = writable();
    const dead = labels.filter(isDead);
    for (const label of labels) if (health.illMs(label) === 0) told.delete(label);
    // Nobody is left, or it is this node that is cut off.
    if (dead.length === labels.length) return;
    for (const label of dead) await lose(label);
    for (const one of out()) await comeBack(one);
  }

  async function lose(label: string): Promise<void> {
    const reason = `it did not answer for ${(health.illMs(label) / 1_000).toFixed(1)} s`;
    if (mode === "advise") {
      once(label, "warn", `${reason}: take it out by \`hotshard shards drain ${label}\`, or mend it`);
      return;
    }
    const done = await attempt(label, (state, boundary) => {
      // It was not back yet: what was sent again since its first loss is still to be removed from it.
      const from = state.out.find((one) => one.label === label)?.from ?? boundary.toString();
      return {
        topology: changeTopology(state.topology, { do: "take-out", shard: label }, boundary),
        out: [
          ...state.out.filter((one) => one.label !== label),
          { label, phase: "lost", from, since: clock.wall(), reason },
        ],
        work: state.work?.shard === label ? null : state.work,
      };
    });
    if (!done) return;
    losses.set(label, (losses.get(label) ?? 0) + 1);
    once(label, "error", `${reason}: it was taken out, and new messages go to the other shards`);
  }

  async function comeBack({ label, phase }: Out): Promise<void> {
    if (phase === "returning") {
      finish(label);
      return;
    }
    if (mode !== "auto" || health.wellMs(label) < patience(label)) return;
    const returning = (one: Out): Out => (one.label === label ? { ...one, phase: "returning" } : one);
    const done = await attempt(label, (state, boundary) => ({
      topology: changeTopology(state.topology, { do: "put-back", shard: label }, boundary),
      out: state.out.map(returning),
    }));
    if (!done) return;
    once(label, "info", "it answers again and takes messages; its history is shown when it has been compared");
    finish(label);
  }

  /** Not waited for: it may take long, and another shard may be lost meanwhile. */
  function finish(label: string): void {
    if (restoring.has(label)) return;
    const done = restore(label)
      .catch((error: unknown) => {
        once(label, "warn", "it could not be compared with the others yet: its history is not shown", asError(error));
      })
      .finally(() => restoring.delete(label));
    restoring.set(label, done);
  }

  function patience(label: string): number {
    return wellMs * 2 ** Math.min((losses.get(label) ?? 1) - 1, MOST_DOUBLED);
  }

  async function attempt(label: string, next: (state: Placed, boundary: bigint) => Next): Promise<boolean> {
    try {
      await publish(next);
      return true;
    } catch (error) {
      // Another node was first, or an operator is needed.
      const isDone = error instanceof ConfigError && error.code === "NOTHING_TO_DO";
      if (!isDone) once(label, "warn", "the topology could not be changed", asError(error));
      return false;
    }
  }

  function once(shard: string, level: "info" | "warn" | "error", text: string, error?: Error): void {
    const key = `${text.replaceAll(/\d/g, "")}${error?.message ?? ""}`;
    if (told.get(shard) === key) return;
    told.set(shard, key);
    tell({ level, text, shard, ...(error && { error }) });
  }

  function again(): void {
    cancel = clock.after(
      PROBE_EVERY_MS,
      guard("the failure detector", () => {
        busy ??= look()
          .catch((error: unknown) =>
            tell({ level: "error", text: "the failure detector failed", error: asError(error) }),
          )
          .finally(() => (busy = null));
        again();
      }),
    );
  }

  return {
    look,
    start() {
      if (mode !== "off") again();
    },
    async stop() {
      cancel?.();
      await busy;
      await Promise.all(restoring.values());
    },
  };
}
