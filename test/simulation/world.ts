import type { Delivery } from "../../server/fabric/contract.ts";
import type { Topology } from "../../server/placement/contract.ts";
import { singleSegment } from "../../server/placement/topology.ts";
import type { MessageRow } from "../../server/shards/contract.ts";
import { keyOf } from "./checker.ts";
import { createDatabaseHost, type DatabaseHost } from "./database-host.ts";
import { createLife } from "./life.ts";
import { createNetwork, type Network } from "./network.ts";
import type { Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import { createServer, machineOf, urlOf, type Server } from "./server.ts";
import { createStateHost, type StateHost } from "./state-host.ts";
import { createTimeline, type Timeline } from "./timeline.ts";

/** A machine that runs servers, one process after the other. */
export interface Machine {
  readonly name: string;
  server: Server;
  /** How far its wall clock is from the true time, ms. */
  wallOffset: number;
}

/** Everything that there is, apart from people. */
export interface World {
  readonly timeline: Timeline;
  readonly network: Network;
  readonly state: StateHost;
  readonly machines: readonly Machine[];
  /** By label, as the topology has it now. */
  shard: (label: string) => DatabaseHost;
  hosts: () => readonly DatabaseHost[];
  /** Ids of messages, by `keyOf`, that lay on a shard while it was out. */
  readonly lostIds: ReadonlyMap<string, ReadonlySet<string>>;
  /** Whether a server may read a dialog from a shard that is not sealed for the newest topology, by an older one. */
  isBlind: (server: Server, dialog: string) => boolean;
  /** Starts another process there. */
  start(machine: Machine): void;
  readonly faults: unknown[];
  readonly trace: (text: () => string) => void;
}

/** A shard that was not sealed for so long after a fault could not be reached by reason of that. */
const TROUBLED_MS = 15_000;
/** True time when a simulation begins. */
const START = Date.UTC(2026, 0, 1);

export function createWorld(
  profile: Profile,
  random: Random,
  trace: (at: number, text: () => string) => void,
  faults: unknown[],
): World {
  const timeline = createTimeline();
  const network = createNetwork(timeline, random, profile.faultRate, profile.slowRate);
  const wall = (): number => START + timeline.now();
  const hosts = new Map<string, DatabaseHost>();
  const lostIds = new Map<string, Set<string>>();
  const topology: Topology = singleSegment({
    labels: Array.from({ length: profile.shards }, (_, at) => `0${at}`),
    placement: profile.placement,
  });
  const deliveries = new Map<Machine, Parameters<Delivery["onDeliver"]>[0]>();

  const world: World = {
    timeline,
    network,
    faults,
    lostIds,
    trace: (text) => trace(timeline.now(), text),
    // The state lies on the first machine.
    state: createStateHost(network, random, () => wall() + world.machines[0]!.wallOffset, noteOut),
    machines: Array.from({ length: profile.servers }, (_, at) => ({
      name: `server ${at}`,
      server: null as never,
      wallOffset: 0,
    })),
    shard: (label) => host(machineOf(world.state.current().urls[label] ?? urlOf(label))),
    hosts: () => [...hosts.values()],
    isBlind({ views }, dialog) {
      const newest = world.state.current().topology?.epoch ?? 0;
      const view = views.current();
      if (view.topology.epoch === newest) return false;
      return view.ownersOf(dialog).some(({ label }) => {
        const host = world.shard(label);
        return host.database.mark().epoch < newest && host.wasTroubled(TROUBLED_MS);
      });
    },
    start,
  };

  function host(name: string): DatabaseHost {
    let found = hosts.get(name);
    if (found === undefined)
      hosts.set(name, (found = createDatabaseHost(name, wall, (rows) => noteStored(name, rows))));
    return found;
  }

  function noteLost(rows: readonly MessageRow[]): void {
    for (const { author, client, dialog, id } of rows) {
      const key = keyOf(dialog, author, client);
      lostIds.set(key, (lostIds.get(key) ?? new Set()).add(id));
    }
  }

  function noteOut(): void {
    for (const { label } of world.state.current().out) noteLost(world.shard(label).database.all());
  }

  function noteStored(name: string, rows: readonly MessageRow[]): void {
    if (world.state.current().out.some(({ label }) => world.shard(label).name === name)) noteLost(rows);
  }

  function fabricOf(machine: Machine): Delivery {
    return {
      publish(users, text) {
        for (const [other, deliver] of deliveries) {
          if (other === machine) continue;
          network.send(machine.name, other.name, network.delay(), () =>
            other.server.life.enter(() => deliver(users, text)),
          );
        }
      },
      onDeliver: (run) => void deliveries.set(machine, run),
    };
  }

  function start(machine: Machine): void {
    const life = createLife(timeline, () => wall() + machine.wallOffset);
    const server = createServer({
      name: machine.name,
      life,
      network,
      state: world.state,
      host,
      profile,
      topology,
      fabric: fabricOf(machine),
      tell: (text) => life.isAlive() && world.trace(() => `${machine.name}: ${text}`),
      trace: world.trace,
      onFault: (error) => life.isAlive() && void faults.push(error),
    });
    machine.server = server;
    world.trace(() => `${machine.name} starts`);
    // It ends, and whoever looks after it starts it again.
    const fail = (error: unknown): void => {
      world.trace(() => `${machine.name} cannot start: ${String(error)}`);
      life.kill();
      timeline.after(1_000, () => machine.server === server && start(machine));
    };
    server.open().catch(fail);
  }

  for (const machine of world.machines) start(machine);
  return world;
}
