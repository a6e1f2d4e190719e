import { setTimeout as wait } from "node:timers/promises";
import { ConfigError } from "../../../server/config-error.ts";
import type { SeenChanges } from "../../analysis/result/seen-changes.ts";
import type { Progress } from "../../drivers/contract.ts";
import { changeAtS } from "../../traffic/stories/rehearsal.ts";
import { lossOf } from "../../traffic/stories/shard-loss.ts";
import { createShardsClient, type ShardsClient } from "../shards-client.ts";
import type { Companion, CompanionOrder } from "./companion.ts";
import { watchShards, type ShardWatch } from "./shard-watch.ts";

/** Between two looks at the shards, ms. */
const LOOK_MS = 200;
/** After the run everything is back where it belongs within so long, ms, or the audit says what it can. */
const SETTLE_MS = 60_000;

/** What a scenario does to the shards, step by step. */
export interface Act {
  readonly client: ShardsClient;
  readonly watch: ShardWatch;
  /** Resolves at that second of the schedule; rejects when the run is over before. */
  readonly until: (second: number) => Promise<void>;
}

/** Beside a run: plays the scenario's act at its moments, and takes down what becomes of the shards. */
function createRehearsal(order: CompanionOrder, play: (act: Act) => Promise<void>): Companion {
  const client = createShardsClient(order.url, order.secret);
  const watch = watchShards({ topology: order.topology });
  const over = new AbortController();
  const started = Promise.withResolvers<number>();
  let looking: Promise<void> | null = null;
  // Nobody may wait for it any more.
  started.promise.catch(() => {});

  /** @returns whether every shard is there; null: the server does not say */
  const look = async (): Promise<boolean | null> => {
    const reply = await client.list().catch(() => null);
    if (reply === null) return null;
    watch.see(reply, Date.now());
    return (reply.out ?? []).length === 0 && reply.shards.every(({ state }) => state === "up");
  };
  const timer = setInterval(() => {
    looking ??= look().then(() => void (looking = null));
  }, LOOK_MS);

  async function until(second: number): Promise<void> {
    const startMs = await started.promise;
    await wait(Math.max(0, startMs + 1_000 * second - Date.now()), undefined, { signal: over.signal });
  }

  const act = play({ client, watch, until }).then(
    () => null,
    (error: unknown) => reasonOf(error),
  );

  /** Shards that were lost are back, and nothing is moved any more. */
  async function settle(): Promise<void> {
    const end = Date.now() + SETTLE_MS;
    while (Date.now() < end) {
      const isWell = await look();
      if (isWell === null || (isWell && !(await isMoving(client).catch(() => false)))) return;
      await wait(LOOK_MS);
    }
  }

  return {
    progress({ phase, elapsedS }: Progress) {
      if (phase !== "connect" && elapsedS >= 0) started.resolve(Date.now() - 1_000 * elapsedS);
    },
    async end(measurement) {
      over.abort(new Error("the run ended before"));
      started.reject(new Error("the run ended before"));
      const missing = await act;
      if (measurement !== null) await settle();
      clearInterval(timer);
      await looking;
      const verification = measurement === null ? null : await client.verify(() => {}).catch(() => null);
      const { changes, topologies } = watch;
      const seen: SeenChanges = {
        changes: changes.toSorted((a, b) => a.atMs - b.atMs),
        topologies,
        verification,
        ...(missing !== null && { missing }),
      };
      return { adds: {}, seen };
    },
  };
}

async function isMoving(client: ShardsClient): Promise<boolean> {
  return (await client.moves()).work !== null;
}

function reasonOf(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** Takes a shard away for a while; when the server has it back, another one may be added. */
export function createShardLoss(order: CompanionOrder): Companion {
  const { add = null, dials, plug = null } = order;
  const shard = String(dials["lose"]);
  return createRehearsal(order, async ({ client, watch, until }) => {
    if (plug === null) throw new Error("there is nothing to take a shard away by");
    try {
      await until(changeAtS(dials));
      await plug.pull();
      watch.add({ atMs: Date.now(), kind: "lost", shard });
      await until(changeAtS(dials) + lossOf(dials));
    } finally {
      await plug.putIn();
      if (watch.changes.some(({ kind }) => kind === "lost")) watch.add({ atMs: Date.now(), kind: "back", shard });
    }
    if (add === null) return;
    await waitUntil(async () => ((await client.list()).out ?? []).length === 0);
    await grow({ client, watch }, add);
  });
}

/** Adds a shard, has what is stored brought to its place, and drains one if asked. */
export function createResharding(order: CompanionOrder): Companion {
  const { add = null, dials } = order;
  const drained = String(dials["drain"]);
  return createRehearsal(order, async ({ client, watch, until }) => {
    if (add === null) throw new Error("there is no shard to add");
    await until(changeAtS(dials));
    await grow({ client, watch }, add);
    if (drained === "") return;
    const { epoch, forecast } = await client.change({ change: { do: "drain", shard: drained } });
    watch.add({ atMs: Date.now(), kind: "drain", shard: drained, epoch, forecast: forecast.movedShare });
    watch.see(await client.list(), Date.now());
    await rebalance({ client, watch });
  });
}

type Tools = Pick<Act, "client" | "watch">;

async function grow({ client, watch }: Tools, url: string): Promise<void> {
  const { epoch, forecast, shard } = await client.change({ change: { do: "add", url } });
  const added = { kind: "add", epoch, forecast: forecast.movedShare, ...(shard !== undefined && { shard }) } as const;
  watch.add({ atMs: Date.now(), ...added });
  watch.see(await client.list(), Date.now());
  await rebalance({ client, watch });
}

async function waitUntil(isDone: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + SETTLE_MS; Date.now() < end && !(await isDone());) await wait(LOOK_MS);
}

/** It goes on when the run is over: the audit waits for its end. */
async function rebalance({ client, watch }: Tools): Promise<void> {
  const atMs = Date.now();
  await client.rebalance({});
  await waitUntil(async () => !(await isMoving(client)));
  const reply = await client.list();
  watch.see(reply, Date.now());
  watch.add({ atMs, untilMs: Date.now(), kind: "rebalance", epoch: reply.topology.epoch });
}
