import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigError } from "../../../server/config-error.ts";
import { messageTime } from "../../../server/placement/message-id.ts";
import { createFileStateStore } from "../../../server/topology/file-store.ts";
import { createMembership } from "../../../server/topology/membership.ts";
import { createMemoryStateStore } from "../../../server/topology/memory-store.ts";
import { idAt } from "../../../server/topology/state.ts";
import { NO_GUARD } from "../../support/no-guard.ts";
import { fakeShard, type FakeShard } from "./fake-shard.ts";
import { createWorld, type Server, type ServerOptions, type World } from "./world.ts";

const THEIRS = "e".repeat(32);

async function started(world: World, options?: ServerOptions): Promise<Server> {
  const server = world.server(options);
  await server.started;
  return server;
}

const own = (world: World) => ({ state: createMemoryStateStore(() => world.wall()) });
const node = (server: Server) => server.membership.reading().node;
const texts = (world: World) => world.events.map(({ text }) => text);

async function refused(server: Server, code: string, says: RegExp): Promise<void> {
  await assert.rejects(server.started, (error) => {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, says);
    assert.doesNotMatch(error.message, /\n/);
    return true;
  });
}

test("a node joins, writes, and renews its grant when half of it is left", async () => {
  const world = createWorld();
  const server = await started(world);
  assert.equal(node(server), 0);
  const first = (await world.state.read()).grants[0]!;
  assert.equal(first.until, idAt(world.wall() + 10_000).toString());
  await world.advance(4_999);
  assert.equal((await world.state.read()).grants[0]!.until, first.until);
  await world.advance(1);
  const renewed = (await world.state.read()).grants[0]!;
  assert.deepEqual(renewed, { ...first, until: idAt(world.wall() + 10_000).toString() });
  for (let i = 0; i < 100; i++) {
    await world.advance(1_000);
    assert.notEqual(server.send(world.shards[0]!), null, `second ${i}`);
  }
});

test("without the state it goes on until its grant ends, then refuses, and heals by itself", async () => {
  const world = createWorld();
  const server = await started(world);
  world.isStateUp = false;
  await world.advance(9_999);
  assert.notEqual(server.send(world.shards[0]!), null);
  assert.equal(server.membership.reading().mayMint, true);
  await world.advance(1);
  assert.equal(server.membership.ids.next(), null);
  assert.equal(server.membership.ids.next(), null);
  assert.equal(server.membership.reading().mayMint, false);
  assert.equal(texts(world).filter((text) => text.includes("STALE_TOPOLOGY")).length, 1, "told once");
  await world.advance(60_000);
  world.isStateUp = true;
  await world.advance(5_000);
  assert.notEqual(server.send(world.shards[0]!), null);
  assert.deepEqual(texts(world).slice(-2), ["the state can be used again", "writes are taken again"]);
  assert.equal(server.membership.reading().incarnation, server.membership.fence().incarnation);
});

test("a process that stood still for longer than its grant is renewed as soon as it wants an id", async () => {
  const world = createWorld();
  const server = await started(world);
  server.pause();
  await world.advance(30_000);
  server.resume();
  assert.equal(server.send(world.shards[0]!), null);
  await world.advance(20);
  assert.notEqual(server.send(world.shards[0]!), null);
  assert.equal(node(server), 0);
});

test("two servers on one state have two numbers; a crash leaves its number to nobody until its grant is over", async () => {
  const world = createWorld();
  const [a, b] = [await started(world), await started(world)];
  assert.deepEqual([node(a), node(b)], [0, 1]);
  a.crash();
  const again = await started(world);
  assert.equal(node(again), 2);
  again.crash();
  await world.advance(10_500);
  assert.equal(node(await started(world)), 0);
  assert.notEqual(b.send(world.shards[0]!), null, "and nobody disturbed the other");
});

test("a graceful stop gives the number back, with what was used", async () => {
  const world = createWorld();
  const first = await started(world);
  const last = first.send(world.shards[0]!)!;
  await first.leave();
  const row = (await world.state.read()).grants[0]!;
  assert.equal(row.held, false);
  assert.ok(BigInt(row.until) > last && BigInt(row.until) <= idAt(world.wall() + 1));
  assert.equal(first.membership.ids.next(), null);
  world.setWall(-60_000);
  const second = await started(world);
  assert.equal(node(second), 0);
  assert.ok(second.send(world.shards[0]!)! > last, "though the clock was set back");
});

test("a shard that is reached late is written above all that readers elsewhere may have called stable there", async () => {
  const world = createWorld(2);
  world.shards[1]!.isUp = false;
  const late = await started(world);
  world.shards[1]!.isUp = true;
  const reader = await started(world);
  await world.advance(4_000);
  const stable = reader.membership.ids.stable();
  late.send(world.shards[1]!);
  await world.turn();
  assert.ok(late.send(world.shards[1]!)! > stable);
});

test("what was sent over a connection that was lost is not let in once there is another", async () => {
  const world = createWorld(1);
  const [shard] = world.shards;
  const server = await started(world);
  const lost = server.membership.ids.next()!;
  const fence = server.membership.fence();
  server.isLost = true;
  await server.membership.onConnect(shard!.label)(shard!.session());
  assert.equal(shard!.insert(lost, fence), "fenced");
  server.isLost = false;
  assert.notEqual(server.send(shard!), null);
});

test("a stop does not wait for a shard that hangs", async () => {
  const world = createWorld(1);
  const server = await started(world);
  world.shards[0]!.store.fences = () => new Promise(() => {});
  const left = server.leave();
  await world.advance(1_000);
  await left;
  assert.equal((await world.state.read()).grants[0]!.held, false);
});

test("who leaves others behind takes its row along: their readers do not wait for its floor; alone it leaves it", async () => {
  const world = createWorld(1);
  const [a, b] = [await started(world), await started(world)];
  const { store } = world.shards[0]!;
  await a.leave();
  assert.deepEqual(
    (await store.fences()).map((row) => row.node),
    [1],
  );
  await world.advance(100);
  await b.leave();
  assert.deepEqual(
    (await store.fences()).map((row) => [row.node, row.floor]),
    [[1, b.membership.ids.peek().toString()]],
  );
});

test("servers with a state each do not take each other's number, on whichever shard they meet", async () => {
  const world = createWorld(2);
  const a = await started(world, own(world));
  const b = await started(world, own(world));
  assert.deepEqual([node(a), node(b)], [0, 1]);
  for (const shard of world.shards) {
    for (const server of [a, b, a]) assert.notEqual(server.send(shard), null);
  }
  await world.advance(120_000);
  for (const server of [a, b]) assert.notEqual(server.send(world.shards[0]!), null);
  assert.deepEqual([node(a), node(b)], [0, 1]);
});

test("a server that meets the owner of its number on its second shard moves on, and is admitted on the first again", async () => {
  const world = createWorld(2);
  const [one, two] = world.shards;
  const a = await started(world, own(world));
  await one!.store.retire(0, a.membership.reading().incarnation);
  two!.isUp = false;
  const b = await started(world, own(world));
  assert.equal(node(b), 0);
  assert.notEqual(b.send(one!), null);
  two!.isUp = true;
  b.send(two!);
  await world.turn();
  assert.equal(node(b), 1);
  for (const server of [a, b]) assert.notEqual(server.send(two!), null);
  assert.notEqual(b.send(one!), null);
});

test("a number whose row is silent for a minute is taken, above what its owner used", async () => {
  const world = createWorld(1);
  const a = await started(world, own(world));
  const last = a.send(world.shards[0]!)!;
  a.crash();
  await world.advance(59_000);
  const b = await started(world, own(world));
  assert.equal(node(b), 1);
  b.crash();
  await world.advance(2_000);
  world.setWall(-120_000);
  const c = await started(world, own(world));
  assert.equal(node(c), 2, "its own clock says that the others came later");
  assert.ok(c.send(world.shards[0]!)! > last);
});

test("a lost state, all clocks well: the number is taken again once its owner is dead", async () => {
  const world = createWorld(1);
  const a = await started(world);
  a.crash();
  await world.advance(61_000);
  const b = await started(world, own(world));
  assert.equal(node(b), 0);
  assert.notEqual(b.send(world.shards[0]!), null);
});

test("who began a system does not run ahead of those who join it, however often it connects anew", async () => {
  const world = createWorld(1);
  const [shard] = world.shards as [FakeShard];
  const [a, b] = [world.server(), world.server()];
  await Promise.all([a.started, b.started]);
  await world.advance(20_000);
  // Of two that begin it at once as of one that comes later.
  const c = await started(world);
  await world.advance(20_000);
  for (let i = 0; i < 3; i++) {
    for (const server of [a, b, c]) await server.membership.onConnect("00")(shard.session());
    await world.advance(1_000);
  }
  for (const server of [a, b, c]) assert.equal(messageTime(server.send(shard)!), world.wall());
});

test("nodes that are silent for a minute are buried, and one that was only asleep joins anew", async () => {
  const world = createWorld(1);
  const [a, b] = [await started(world), await started(world)];
  const before = b.membership.reading().incarnation;
  b.pause();
  await world.advance(70_000);
  const rows = await world.shards[0]!.store.fences();
  assert.deepEqual(
    rows.map((row) => row.node),
    [0],
  );
  assert.match(texts(world).at(-1)!, /node 1 is silent for 6\d s: buried/);
  b.resume();
  await world.advance(6_000);
  assert.ok(b.membership.reading().incarnation > before);
  for (const server of [a, b]) assert.notEqual(server.send(world.shards[0]!), null);
});

test("who is fenced joins anew once, however many batches were; what was minted before stays refused", async () => {
  const world = createWorld(2);
  const server = await started(world);
  const { incarnation } = server.membership.reading();
  await world.advance(20_000);
  for (const { store } of world.shards) await store.retire(0, incarnation);
  for (let i = 0; i < 5; i++) for (const shard of world.shards) assert.ok(server.begin(shard) || i > 0);
  server.flush();
  assert.deepEqual(server.acked, []);
  await world.turn();
  assert.equal(server.membership.ids.next(), null, "until it has joined");
  await world.advance(20);
  assert.equal((await world.state.read()).grants.length, 1);
  assert.ok(server.membership.reading().incarnation > incarnation);
  assert.equal(world.events.filter(({ text }) => text.includes("joins anew")).length, 1);
  for (const shard of world.shards) assert.notEqual(server.send(shard), null);
});

test("what comes back refused after its node has joined anew is no reason to join again", async () => {
  const world = createWorld(1);
  const server = await started(world);
  const old = server.membership.fence();
  await world.shards[0]!.store.retire(0, old.incarnation);
  server.send(world.shards[0]!);
  await world.advance(20_000);
  const { incarnation } = server.membership.reading();
  assert.ok(incarnation > old.incarnation);
  server.membership.fenced("00", old);
  await world.advance(20_000);
  assert.equal(server.membership.reading().incarnation, incarnation);
});

test("a batch that overtook its node's admission is no reason to join anew", async () => {
  const world = createWorld(1);
  const server = await started(world);
  const { incarnation } = server.membership.reading();
  server.membership.fenced("00", server.membership.fence());
  await world.advance(20_000);
  assert.equal(server.membership.reading().incarnation, incarnation);
});

test("a boundary that a shard was sealed at by another is passed as soon as it fences", async () => {
  const world = createWorld(1);
  const server = await started(world);
  const boundary = idAt(world.wall() + 5_000);
  await world.shards[0]!.store.seal(1, boundary);
  assert.equal(server.send(world.shards[0]!), null);
  await world.turn();
  assert.ok(server.send(world.shards[0]!)! >= boundary);
});

test("while a new incarnation is admitted nothing is minted, but a shard that hangs is not waited for", async () => {
  const world = createWorld(2);
  const server = await started(world);
  const { incarnation } = server.membership.reading();
  for (const { store } of world.shards) await store.retire(0, incarnation);
  world.shards[1]!.store.admit = () => new Promise(() => {});
  server.send(world.shards[0]!);
  await world.turn();
  await world.advance(300);
  assert.ok(server.membership.reading().incarnation > incarnation);
  assert.deepEqual([server.membership.ids.next(), server.membership.reading().mayMint], [null, false]);
  await world.advance(1_000);
  assert.notEqual(server.send(world.shards[0]!), null);
});

test("who is fenced again and again leaves the others more and more time", async () => {
  const world = createWorld(1);
  const server = await started(world);
  const joins = () => texts(world).filter((text) => text.startsWith("this is node")).length;
  for (let i = 0; i < 60_000; i += 100) {
    await world.shards[0]!.store.retire(0, server.membership.reading().incarnation);
    server.membership.fenced("00", server.membership.fence());
    await world.advance(100);
  }
  assert.ok(joins() >= 8 && joins() <= 20, `${joins()} times within a minute`);
});

test("a shard that was out of reach at the start takes the first write by the fence, above its boundary", async () => {
  const world = createWorld(2);
  const late = world.shards[1]!;
  late.isUp = false;
  const server = await started(world);
  assert.notEqual(server.send(world.shards[0]!), null, "at once");
  late.mark = { cluster: null, epoch: 0, closedBelow: idAt(world.wall() + 7_000).toString() };
  late.isUp = true;
  assert.equal(server.send(late), null);
  await world.turn();
  assert.ok(server.send(late)! >= BigInt(late.mark.closedBelow));
  assert.equal(late.mark.epoch, 1);
});

test("a boundary beyond the grant: the first id is above it, at once", async () => {
  const world = createWorld(1);
  const boundary = idAt(world.wall() + 15_000);
  world.shards[0]!.mark = { cluster: null, epoch: 1, closedBelow: boundary.toString() };
  const server = await started(world);
  assert.ok(server.send(world.shards[0]!)! >= boundary);
  server.membership.ids.pass(idAt(world.wall() + 90_000));
  assert.equal(server.send(world.shards[0]!), null, "one that comes later is waited for");
  await world.advance(20);
  assert.ok(server.send(world.shards[0]!)! >= idAt(world.wall() + 89_000));
});

test("shards are sealed to the topology's epoch and boundary; one of a later epoch is refused, and says which", async () => {
  const world = createWorld(2);
  world.epoch = 3;
  world.boundary = idAt(world.wall() - 5_000);
  const first = await started(world);
  for (const { mark } of world.shards) assert.deepEqual([mark.epoch, mark.closedBelow], [3, world.boundary.toString()]);
  await first.leave();
  world.epoch = 2;
  await refused(world.server(), "OLD_TOPOLOGY", /^shard 00 is at epoch 3 of the topology, and this server at 2: /);
});

test("new shards get the identity of the state; a new state takes that of the shards, also beside a new one", async () => {
  const world = createWorld(3);
  const first = await started(world);
  const { cluster, settled } = await world.state.read();
  assert.equal(settled, true);
  for (const { label, mark } of world.shards) assert.equal(mark.cluster, `${cluster}/${label}`);
  await first.leave();

  world.state = createMemoryStateStore(() => world.wall());
  world.shards[0]!.mark = { ...world.shards[0]!.mark, cluster: null };
  await started(world);
  assert.equal((await world.state.read()).cluster, cluster);
  for (const { label, mark } of world.shards) assert.equal(mark.cluster, `${cluster}/${label}`);
});

test("two servers with a new state each, at once over new shards: one identity", async () => {
  const world = createWorld(4);
  const servers = [world.server(own(world)), world.server(own(world))];
  await world.advance(5_000);
  await Promise.all(servers.map((server) => server.started));
  assert.equal(new Set(world.shards.map(({ mark }) => mark.cluster!.split("/")[0])).size, 1);
  await world.advance(10_000);
  assert.deepEqual(
    servers.map(node).toSorted((a, b) => a - b),
    [0, 1],
    "who was admitted last keeps the number",
  );
  for (const shard of world.shards) for (const server of servers) assert.notEqual(server.send(shard), null);
});

test("two such servers, each the first on half of the shards: the first shard decides", async () => {
  const world = createWorld(4);
  // One is slow to claim where the other is quick.
  const slow = (rest: number) =>
    world.shards.map((shard, i): FakeShard => {
      if (i % 2 === rest) return shard;
      return Object.create(shard, {
        session: {
          value: () => ({
            ...shard.session(),
            claim: (cluster: string) => world.advance(10).then(() => shard.session().claim(cluster)),
          }),
        },
      }) as FakeShard;
    });
  const servers = [0, 1].map((rest) => world.server({ ...own(world), shards: slow(rest) }));
  await Promise.all(servers.map((server) => server.started));
  assert.equal(new Set(world.shards.map(({ mark }) => mark.cluster!.split("/")[0])).size, 1);
});

test("a shard of another system is refused: it names the shard, both identities and what to do", async () => {
  const world = createWorld(2);
  world.shards[1]!.mark = { cluster: THEIRS, epoch: 1, closedBelow: "0" };
  const fresh = await started(world);
  assert.equal((await world.state.read()).cluster, THEIRS, "a fresh state takes it");
  await fresh.leave();
  const third = fakeShard("02", () => 0);
  third.mark = { cluster: "d".repeat(32), epoch: 1, closedBelow: "0" };
  const both = new RegExp(
    `^shard 02 belongs to system ${"d".repeat(32)}, and the state .* to ${THEIRS}: give --shards`,
  );
  await refused(world.server({ shards: [...world.shards, third] }), "OTHER_CLUSTER", both);
});

test("a state that is lost under a running server comes back with its identity, its number and its order", async () => {
  const world = createWorld(1);
  const server = await started(world);
  const before = await world.state.read();
  world.state = createMemoryStateStore(() => world.wall());
  await world.advance(5_000);
  const after = await world.state.read();
  assert.deepEqual([after.cluster, after.settled], [before.cluster, true]);
  assert.equal(after.grants[0]!.incarnation, before.grants[0]!.incarnation);
  assert.notEqual(server.send(world.shards[0]!), null);
});

test("a machine whose clock is more than two leases ahead of the state's is not given ids, and is told so", async () => {
  const world = createWorld(1);
  const a = await started(world, { aheadMs: 19_000 });
  const id = a.send(world.shards[0]!)!;
  assert.equal(messageTime(id), world.wall() + 19_000);
  await refused(world.server({ aheadMs: 21_000 }), "STATE_UNUSABLE", /clock is 21 s ahead of that of the state/);
});

test("ids that are far ahead of the clock are told", async () => {
  const world = createWorld(1);
  const a = await started(world);
  a.crash();
  world.setWall(-3_600_000);
  await started(world);
  assert.match(texts(world).at(-1)!, /^ids are 3610 s ahead of the clock/);
});

test("a folder that cannot be written stops the start with one line that says what to do", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-state-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "file"), "");
  const membership = createMembership({
    store: createFileStateStore(join(folder, "file", "state.json")),
    guard: NO_GUARD,
    tell: () => {},
    sealing: () => ({ epoch: 1, boundary: 0n }),
    shards: () => [],
  });
  t.after(() => membership.leave());
  await assert.rejects(membership.join(), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.equal(error.code, "STATE_UNUSABLE");
    assert.match(error.message, /state\.json: E[A-Z]+.*; give --data a folder/);
    return true;
  });
});

test("what comes after another server's id gets a larger one, also where that server's clock is ahead; no id drives the clock far", async () => {
  const world = createWorld(1);
  const behind = await started(world);
  const ahead = await started(world, { aheadMs: 5_000 });
  const shard = world.shards[0]!;
  const seen = ahead.send(shard)!;
  assert.ok(behind.send(shard)! < seen);
  assert.ok(behind.membership.ids.after(seen));
  await world.advance(1_000);
  assert.ok(behind.send(shard)! > seen);
  const next = behind.membership.ids.peek();
  assert.ok(behind.membership.ids.after(seen), "what is passed already changes nothing");
  assert.equal(behind.membership.ids.peek(), next);
  assert.equal(behind.membership.ids.after(idAt(world.wall() + 3_600_000)), false);
  assert.equal(behind.membership.ids.peek(), next);
});
