import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../../server/config-error.ts";
import { createFileStateStore } from "../../../server/topology/file-store.ts";
import { freshState } from "../../../server/topology/state.ts";
import { createMemoryStateStore } from "../../../server/topology/memory-store.ts";
import { StateError, type StateStore } from "../../../server/topology/state-store.ts";
import { takeGrant, type State } from "../../../server/topology/state.ts";

const PROGRAM = fileURLToPath(new URL("./state-updates.ts", import.meta.url));

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), "hotshard-state-"));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const settle = (state: State) => ({ state: { ...state, settled: true }, result: state.revision });
const keep = (state: State) => ({ state, result: state.revision });
const wish = { leaseMs: 10, incarnation: 1, avoid: new Set<number>(), above: 0n };

const VARIANTS: Record<string, (t: TestContext, now?: () => number) => StateStore> = {
  file: (t, now) => createFileStateStore(join(folder(t), "deep", "state.json"), now === undefined ? {} : { now }),
  memory: (_t, now) => createMemoryStateStore(now),
};

for (const [name, make] of Object.entries(VARIANTS)) {
  test(`${name}: the first use makes a state with an identity of its own, once`, async (t) => {
    const store = make(t);
    t.after(() => store.close());
    const [first, again] = await Promise.all([store.read(), store.read()]);
    assert.deepEqual(again, first);
    assert.match(first.cluster, /^[0-9a-f]{32}$/);
    assert.deepEqual({ ...first, cluster: "" }, freshState(""));
    const other = make(t);
    t.after(() => other.close());
    assert.notEqual((await other.read()).cluster, first.cluster);
  });

  test(`${name}: an update is given the newest state and counts; what changes nothing does not`, async (t) => {
    const store = make(t);
    t.after(() => store.close());
    const before = await store.read();
    const seen = await Promise.all(Array.from({ length: 20 }, () => store.update((state) => settle(state))));
    assert.deepEqual(
      seen.toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, i) => i),
    );
    assert.deepEqual(await store.read(), { ...before, settled: true, revision: 20 });
    await store.update(keep);
    assert.equal((await store.read()).revision, 20);
  });

  test(`${name}: what a change throws is thrown, nothing changes, and the next update is served`, async (t) => {
    const store = make(t);
    t.after(() => store.close());
    const before = await store.read();
    const broken = Object.assign(new RangeError("no"), { code: "ENOENT" });
    await assert.rejects(
      store.update(() => {
        throw broken;
      }),
      (error) => error === broken,
    );
    assert.deepEqual(await store.read(), before);
    assert.equal(await store.update(settle), 0);
  });

  test(`${name}: the clock of an update is the store's`, async (t) => {
    const store = make(t, () => 1_750_000_000_123);
    t.after(() => store.close());
    assert.equal(await store.update((state, now) => ({ state, result: now })), 1_750_000_000_123);
  });

  test(`${name}: grants that are taken at the same time never overlap`, async (t) => {
    const store = make(t);
    t.after(() => store.close());
    const take = () => store.update((state, now) => takeGrant(state, { now, wall: now, ...wish }));
    const grants = (await Promise.all(Array.from({ length: 10 }, take))).map(({ grant }) => grant);
    assert.equal(new Set(grants.map(({ node, incarnation }) => `${node} ${incarnation}`)).size, 10);
    for (const [i, grant] of grants.slice(1).entries()) assert.ok(BigInt(grant.from) >= BigInt(grants[i]!.until));
  });
}

function program(t: TestContext, file: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, file, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

test("file: of updates of four processes at once none is lost, and their grants do not overlap", async (t) => {
  const file = join(folder(t), "state.json");
  const lines: string[] = [];
  const codes = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = program(t, file, "25");
      createInterface(child.stdout).on("line", (line) => lines.push(line));
      const [exit] = (await once(child, "close")) as [number | null];
      return exit;
    }),
  );
  assert.deepEqual(codes, [0, 0, 0, 0]);
  const store = createFileStateStore(file);
  assert.equal((await store.read()).revision, 100);
  const spans = lines.map((line) => line.split(" ").map(BigInt) as [bigint, bigint]);
  spans.sort(([a], [b]) => (a < b ? -1 : 1));
  assert.equal(spans.length, 100);
  for (const [i, [from]] of spans.slice(1).entries()) assert.ok(from >= spans[i]![1]);
});

test("file: who is killed inside its update leaves the old state, and nobody waits for the dead", async (t) => {
  const file = join(folder(t), "state.json");
  const store = createFileStateStore(file, { patienceMs: 60_000 });
  const before = await store.read();
  const child = program(t, file, "60000", "hold");
  await once(child.stdout, "data");
  const waiting = store.update(settle);
  assert.deepEqual(await store.read(), before, "a reader does not wait");
  child.kill("SIGKILL");
  assert.equal(await waiting, before.revision);
  assert.equal((await store.read()).settled, true);
});

test("file: killed at any moment, what is there is one whole state", async (t) => {
  const file = join(folder(t), "state.json");
  let last = -1;
  for (let round = 0; round < 6; round++) {
    const child = program(t, file, "100000");
    let count = 0;
    const enough = Promise.withResolvers<void>();
    const lines = createInterface(child.stdout);
    // Another place in its work each time.
    lines.on("line", () => ++count === 3 + round * 5 && enough.resolve());
    await enough.promise;
    child.kill("SIGKILL");
    await once(child, "close");
    const store = createFileStateStore(file);
    const { revision } = await store.read();
    assert.ok(revision >= last + count, `${revision} after ${last} and ${count} more that were told`);
    last = revision;
  }
});

test("file: a lock that is held on and on is told, and does not hold for ever", async (t) => {
  const file = join(folder(t), "state.json");
  const patient = createFileStateStore(file, { patienceMs: 60_000 });
  await patient.read();
  const child = program(t, file, "60000", "hold");
  await once(child.stdout, "data");
  const store = createFileStateStore(file, { patienceMs: 20 });
  await assert.rejects(store.update(settle), (error) => {
    assert.ok(error instanceof StateError);
    assert.match(error.message, /state\.json: another process holds .*state\.json\.lock/);
    return true;
  });
  child.kill("SIGKILL");
  assert.equal(await patient.update(settle), 0);
});

test("file: half a document is refused with its name and stays as it is", async (t) => {
  const file = join(folder(t), "state.json");
  const store = createFileStateStore(file);
  await store.read();
  const half = readFileSync(file, "utf8").slice(0, 40);
  writeFileSync(file, half);
  for (const use of [() => store.read(), () => store.update(settle)]) {
    await assert.rejects(use, (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.code, "BAD_STATE");
      assert.ok(error.message.startsWith(`${file}: `));
      return true;
    });
  }
  assert.equal(readFileSync(file, "utf8"), half);
});

test("file: a folder that cannot be made or written is told in the system's words", async (t) => {
  const file = join(folder(t), "state.json");
  writeFileSync(file, "");
  for (const place of ["/proc/none/state.json", join(file, "state.json")]) {
    const store = createFileStateStore(place);
    await assert.rejects(store.read(), (error) => {
      assert.ok(error instanceof StateError, String(error));
      assert.ok(error.message.startsWith(`${place}: `), error.message);
      return true;
    });
  }
});

test("file: an update leaves the state and its lock in the folder, and makes a folder that was removed", async (t) => {
  const made = folder(t);
  const store = createFileStateStore(join(made, "state.json"));
  await store.update(settle);
  assert.deepEqual(readdirSync(made).toSorted(), ["state.json", "state.json.lock"]);
  rmSync(made, { recursive: true });
  await store.update(settle);
  assert.ok(existsSync(join(made, "state.json")));
});
