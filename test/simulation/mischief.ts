import type { Profile } from "./profile.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** What befalls machines and networks. */
export interface Mischief {
  /** Everything is well from now on. */
  end(): void;
}

export function createMischief(world: World, random: Random, profile: Profile): Mischief {
  const { hosts, machines, network, state, timeline, trace } = world;
  const { faultMs: everyMs } = profile;
  let isOver = false;

  /** Short most of the time. */
  const span = (): number => (random.chance(0.15) ? random.between(1_000, 15_000) : random.between(5, 900));

  function later(ms: number, run: () => void): void {
    timeline.after(ms, () => !isOver && run());
  }

  const KINDS: readonly (readonly [weight: number, run: () => void])[] = [
    [
      3,
      () => {
        const { name, server } = random.pick(machines);
        if (!server.life.isAlive() || server.life.isPaused()) return;
        trace(() => `${name} is stopped`);
        server.life.pause();
        later(span(), () => {
          trace(() => `${name} goes on`);
          server.life.resume();
        });
      },
    ],
    [
      2,
      () => {
        const machine = random.pick(machines);
        const { server } = machine;
        if (!server.life.isAlive()) return;
        trace(() => `${machine.name} is killed`);
        server.life.kill();
        later(span(), () => machine.server === server && world.start(machine));
      },
    ],
    [
      1,
      () => {
        const machine = random.pick(machines);
        const { server } = machine;
        if (!server.isOpen() || !server.life.isAlive()) return;
        trace(() => `${machine.name} is told to leave`);
        const again = (): void => {
          server.life.kill();
          later(span(), () => machine.server === server && world.start(machine));
        };
        void server.leave().then(again, again);
        later(15_000, again);
      },
    ],
    [
      2,
      () => {
        const host = random.pick(hosts());
        if (!host.isUp()) return;
        trace(() => `${host.name} is killed`);
        host.kill();
        later(span(), () => host.restart());
      },
    ],
    [
      2,
      () => {
        const host = random.pick(hosts());
        trace(() => `${host.name} is stopped`);
        host.pause();
        later(span(), () => {
          trace(() => `${host.name} goes on`);
          host.resume();
        });
      },
    ],
    [
      3,
      () => {
        const { name } = random.pick(machines);
        const shard = random.pick(hosts()).name;
        trace(() => `nothing goes between ${name} and ${shard}`);
        network.cut(name, shard);
        later(span(), () => {
          trace(() => `${name} and ${shard} are joined again`);
          network.mend(name, shard);
        });
      },
    ],
    [
      2,
      () => {
        const machine = random.pick(machines);
        machine.wallOffset = random.pick([0, 0, -3_600_000, -5_000, -300, 20, 300, 3_000, 30_000]);
        trace(() => `the clock of ${machine.name} is off by ${machine.wallOffset} ms`);
      },
    ],
    [
      1,
      () => {
        trace(() => "the state cannot be reached");
        state.setReachable(false);
        later(span(), () => state.setReachable(true));
      },
    ],
  ];
  const total = KINDS.reduce((sum, [weight]) => sum + weight, 0);

  function act(): void {
    if (isOver) return;
    let at = random.int(total);
    for (const [weight, run] of KINDS) {
      if (at < weight) {
        run();
        break;
      }
      at -= weight;
    }
    timeline.after(-Math.log(1 - random.next()) * everyMs, act);
  }

  timeline.after(random.between(0, everyMs), act);
  return {
    end() {
      isOver = true;
      trace(() => "everything is well again");
      network.calm();
      network.mendAll();
      state.setReachable(true);
      for (const host of hosts()) {
        if (!host.isUp()) host.restart();
        host.resume();
      }
      for (const machine of machines) {
        machine.wallOffset = 0;
        if (machine.server.life.isPaused()) machine.server.life.resume();
        if (!machine.server.life.isAlive() || !machine.server.isOpen()) {
          machine.server.life.kill();
          world.start(machine);
        }
      }
    },
  };
}
