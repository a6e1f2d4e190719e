import { ConfigError } from "../../server/config-error.ts";
import type { ChangeRequest } from "../../server/protocol/shards.ts";
import { MoverError } from "../../server/topology/mover/contract.ts";
import { StateError } from "../../server/topology/state-store.ts";
import { StoreError } from "../../server/shards/contract.ts";
import { PLACEMENTS, type Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import { urlOf, type Server } from "./server.ts";
import type { World } from "./world.ts";

/** Machines that may join. */
const MACHINES = ["00", "01", "02", "03", "04", "05"];

/** Changes the topology at random, and moves rows, by whatever server. @param dialogs that people have */
export function startOperator(
  world: World,
  random: Random,
  { changeMs: everyMs }: Profile,
  dialogs: readonly string[],
  isOver: () => boolean,
): void {
  const { faults, machines, timeline, trace } = world;

  function draw({ views }: Server): ChangeRequest {
    const dialog = random.pick(dialogs);
    const shard = random.pick(views.current().topology.shards);
    return random.pick<() => ChangeRequest>([
      () => ({ do: "add", url: urlOf(random.pick(MACHINES)) }),
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

  function tell(name: string, what: string, done: Promise<unknown>): void {
    done.then(
      (value) => trace(() => `${name} is done: ${what} ${JSON.stringify(value)}`),
      (error: unknown) => {
        // A shard that was lost while its rows were copied has a message that was sent again elsewhere meanwhile.
        const isTwin = error instanceof MoverError && error.code === "COPY_CLASH" && world.lostIds.size > 0;
        if (!isForeseen(error) && !isTwin) faults.push(error);
        trace(() => `${name} does not ${what}: ${String(error)}`);
      },
    );
  }

  function act(): void {
    if (isOver()) return;
    timeline.after(-Math.log(1 - random.next()) * everyMs, act);
    const { name, server } = random.pick(machines);
    if (!server.isOpen() || !server.life.isAlive() || server.life.isPaused()) return;
    if (random.chance(0.2)) {
      tell(name, "rebalance", server.mover.rebalance());
      if (random.chance(0.2)) timeline.after(random.between(0, 50), () => server.life.enter(() => server.mover.stop()));
      return;
    }
    const change = draw(server);
    tell(name, JSON.stringify(change), server.operator.change({ change }));
  }

  timeline.after(random.between(0, everyMs), act);
}

/** What may be refused, and what a shard or the state that fails brings. */
export function isForeseen(error: unknown): boolean {
  if (error instanceof MoverError || error instanceof ConfigError) return !UNFORESEEN.has(error.code);
  return error instanceof StateError || error instanceof StoreError;
}

const UNFORESEEN: ReadonlySet<string> = new Set([
  "COPY_CLASH",
  "COPY_DIFFERS",
  "SHARD_WENT_BACK",
  "BAD_TOPOLOGY",
  "BAD_STATE",
]);
