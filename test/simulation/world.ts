import type { Delivery } from "../../server/fabric/contract.ts";
import type { Topology } from "../../server/placement/contract.ts";
import { singleSegment } from "../../server/placement/topology.ts";
import { createDatabaseHost, type DatabaseHost } from "./database-host.ts";
import { createLife } from "./life.ts";
import { createNetwork, type Network } from "./network.ts";
import type { Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import { createServer, type Server } from "./server.ts";
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
  /** By label; a shard that nobody has asked for yet is made. */
  host: (label: string) => DatabaseHost;
  hosts: () => readonly DatabaseHost[];
  /** Starts another process there. */
  start(machine: Machine): void;
  readonly faults: unknown[];
  readonly trace: (text: () => string) => void;
}

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
  const topology: Topology = singleSegment({
    labels: Array.from({ length: profile.shards }, (_, at) => `0${at}`),
    placement: profile.placement,
  });
  const deliveries = new Map<Machine, Parameters<Delivery["onDeliver"]>[0]>();

  const world: World = {
    timeline,
    network,
    faults,
    trace: (text) => trace(timeline.now(), text),
    // The state lies on the first machine.
    state: createStateHost(network, random, () => wall() + world.machines[0]!.wallOffset),
    machines: Array.from({ length: profile.servers }, (_, at) => ({
      name: `server ${at}`,
      server: null as never,
      wallOffset: 0,
    })),
    host(label) {
      let found = hosts.get(label);
      if (found === undefined) hosts.set(label, (found = createDatabaseHost(label, wall)));
      return found;
    },
    hosts: () => [...hosts.values()],
    start,
  };

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
      host: world.host,
      topology,
      fabric: fabricOf(machine),
      leaseMs: profile.leaseMs,
      commitTimeoutMs: profile.commitTimeoutMs,
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
