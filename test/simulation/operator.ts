import { ConfigError } from "../../server/config-error.ts";
import { changeTopology, type Change } from "../../server/topology/changes.ts";
import { StateError } from "../../server/topology/state-store.ts";
import { StoreError } from "../../server/shards/contract.ts";
import { parseShardUrl } from "../../server/shards/url.ts";
import type { Random } from "./random.ts";
import { urlOf, type Server } from "./server.ts";
import type { World } from "./world.ts";

/** Labels that there may ever be. */
const LABELS = ["00", "01", "02", "03", "04", "05"];
const PLACEMENTS = ["slots", "rendezvous", "modulo"];

/** Changes the topology at random, by whatever server. @param dialogs that people have */
export function startOperator(
  world: World,
  random: Random,
  everyMs: number,
  dialogs: readonly string[],
  isOver: () => boolean,
): void {
  const { faults, machines, timeline, trace } = world;

  function draw(): Change {
    const dialog = random.pick(dialogs);
    const shard = random.pick(LABELS);
    return random.pick<() => Change>([
      () => ({ do: "add", shard }),
      () => ({ do: "drain", shard }),
      () => ({ do: "drain", shard }),
      () => ({ do: "put-back", shard }),
      () => ({ do: "pin", dialog, shard }),
      () => ({ do: "pin", dialog, shard }),
      () => ({ do: "split", dialog, parts: 2 + random.int(2) }),
      () => ({ do: "split", dialog, parts: 2 }),
      () => ({ do: "merge", dialog }),
      () => ({ do: "placement", placement: random.pick(PLACEMENTS) }),
      () => ({ do: "remove", shard }),
    ])();
  }

  function act(): void {
    if (isOver()) return;
    const { name, server } = random.pick(machines);
    if (server.isOpen() && server.life.isAlive() && !server.life.isPaused()) {
      const wish = draw();
      change(server, wish).then(
        () => trace(() => `${name} has changed the topology: ${JSON.stringify(wish)}`),
        (error: unknown) => {
          const isForeseen = error instanceof ConfigError || error instanceof StateError || error instanceof StoreError;
          if (!isForeseen) faults.push(error);
          trace(() => `${name} does not ${JSON.stringify(wish)}: ${String(error)}`);
        },
      );
    }
    timeline.after(-Math.log(1 - random.next()) * everyMs, act);
  }

  timeline.after(random.between(0, everyMs), act);
}

async function change(server: Server, wish: Change): Promise<void> {
  if (wish.do === "add" && server.shards.get(wish.shard) === undefined) {
    await server.shards.add(wish.shard, parseShardUrl(urlOf(wish.shard)));
  }
  await server.follower.publish(({ topology, urls }, boundary) => ({
    topology: changeTopology(topology, wish, boundary),
    ...(wish.do === "add" && { urls: { ...urls, [wish.shard]: urlOf(wish.shard) } }),
  }));
}
