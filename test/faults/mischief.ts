import { setTimeout as delay } from "node:timers/promises";
import type { World } from "./world.ts";

/** One thing that goes wrong, or is asked for, and is over when it resolves. */
interface Mischief {
  readonly name: string;
  /** How often it comes, against the others. */
  readonly weight: number;
  readonly run: () => Promise<string | void>;
}

export type Random = () => number;

/** @returns the next thing that goes wrong, drawn from the seed. @param dialogs that may be split */
export function createMischief(world: World, random: Random, dialogs: readonly string[]): () => Promise<string> {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!;
  const between = (least: number, most: number): number => least + random() * (most - least);
  const busy = new Set<object>();
  /** Of two things that go wrong at once none undoes the other. */
  async function hit<T extends object>(all: readonly T[], work: (one: T) => Promise<void>): Promise<string | void> {
    const free = all.filter((one) => !busy.has(one));
    if (free.length === 0) return "all are hit already";
    const one = pick(free);
    busy.add(one);
    await work(one).finally(() => busy.delete(one));
  }
  const labels = async (): Promise<readonly string[]> => (await world.status()).topology.shards;
  const faults: Mischief[] = [
    {
      name: "a server is killed",
      weight: 2,
      run: () =>
        hit(world.servers, async (seat) => {
          await seat.kill9();
          await delay(between(100, 2_000));
          await seat.restart();
        }),
    },
    {
      name: "a server stands still",
      weight: 2,
      run: () => hit(world.servers, (seat) => stopped(seat.pid(), between(200, 4_000))),
    },
    { name: "a dialog is split", weight: 3, run: () => world.change({ do: "split", dialog: pick(dialogs), parts: 2 }) },
    { name: "a dialog is merged", weight: 2, run: () => world.change({ do: "merge", dialog: pick(dialogs) }) },
    {
      name: "a dialog is pinned",
      weight: 1,
      run: async () => world.change({ do: "pin", dialog: pick(dialogs), shard: pick(await labels()) }),
    },
    {
      name: "a shard is drained",
      weight: 1,
      run: async () => world.change({ do: "drain", shard: pick(await labels()) }),
    },
    {
      name: "a shard is put back",
      weight: 2,
      run: async () => world.change({ do: "put-back", shard: pick(await labels()) }),
    },
    {
      name: "the placement changes",
      weight: 1,
      run: () => world.change({ do: "placement", placement: pick(["slots", "rendezvous", "ring"]) }),
    },
    { name: "rows are rebalanced", weight: 4, run: () => world.rebalance() },
  ];
  if (world.places.length > 0) faults.push(...databaseFaults());

  function databaseFaults(): Mischief[] {
    const spare = world.places.at(-1)!;
    return [
      {
        name: "a database is killed",
        weight: 2,
        run: () =>
          hit(world.places, async ({ database }) => {
            await database.kill();
            await delay(between(100, 5_000));
            await database.restart();
          }),
      },
      {
        name: "a database stands still",
        weight: 2,
        run: () => hit(world.places, ({ database }) => stopped(database.pid()!, between(200, 5_000))),
      },
      {
        name: "a network is cut",
        weight: 2,
        run: () =>
          hit(world.places, async ({ proxy }) => {
            proxy.cut();
            await delay(between(100, 4_000));
            proxy.restore();
          }),
      },
      {
        name: "a network keeps everything back",
        weight: 2,
        run: () =>
          hit(world.places, async ({ proxy }) => {
            proxy.stall();
            await delay(between(100, 4_000));
            proxy.restore();
          }),
      },
      {
        name: "a network is slow",
        weight: 1,
        run: () =>
          hit(world.places, async ({ proxy }) => {
            proxy.delay(between(20, 300));
            await delay(between(500, 3_000));
            proxy.restore();
          }),
      },
      { name: "a shard is added", weight: 1, run: () => world.change({ do: "add", url: spare.url }) },
    ];
  }

  const total = faults.reduce((sum, { weight }) => sum + weight, 0);
  return async () => {
    let at = random() * total;
    const fault = faults.find(({ weight }) => (at -= weight) < 0) ?? faults[0]!;
    const outcome = await fault.run();
    return outcome === undefined ? fault.name : `${fault.name}: ${outcome.slice(0, 160)}`;
  };
}

async function stopped(pid: number, ms: number): Promise<void> {
  process.kill(pid, "SIGSTOP");
  await delay(ms);
  process.kill(pid, "SIGCONT");
}
