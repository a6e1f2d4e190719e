import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { examine, runDoctor } from "../../../tools/stack/doctor.ts";

test("everything that can be missing has a row with its remedy", async () => {
  const rows = await examine({ HOTSHARD_K6: "/nowhere/k6" });
  const byName = Object.fromEntries(rows.map((row) => [row.what, row]));
  assert.deepEqual(Object.keys(byName), [
    "Node.js",
    "node:sqlite",
    "k6",
    "MariaDB",
    "Chromium",
    "Prometheus",
    "Loki",
    "Docker",
    "HOTSHARD_SECRET",
    "port 8086",
  ]);
  assert.ok(rows.every((row) => row.remedy.length > 0 && row.neededFor.length > 0));
  assert.equal(byName["Node.js"]?.version, process.versions.node);
  assert.equal(byName["node:sqlite"]?.required, true);
  assert.equal(byName["k6"]?.found, null);
  assert.match(byName["k6"]?.remedy ?? "", /HOTSHARD_K6=\/nowhere\/k6/u);
  assert.equal(byName["HOTSHARD_SECRET"]?.found, null);
});

test("a secret of one's own is seen, and not shown", async () => {
  const rows = await examine({ HOTSHARD_SECRET: "swordfish" });
  assert.equal(rows.find((row) => row.what === "HOTSHARD_SECRET")?.found, "set");
  assert.doesNotMatch(JSON.stringify(rows), /swordfish/u);
});

test("where the tests run the demo can run, whatever else is missing", async (t) => {
  const server = await takePort();
  t.after(() => server?.close());
  let text = "";
  const out = new PassThrough().setEncoding("utf8").on("data", (part: string) => (text += part));
  assert.equal(await runDoctor(out), 0);
  assert.match(text, /^ok {3}Node\.js /mu);
  assert.match(text, /port 8086 +taken\n.*hotshard serve --port 8087/u);
  assert.match(text, /The demo can run/u);
});

/** @returns null when somebody else has it already, which serves as well */
async function takePort(): Promise<Server | null> {
  const server = createServer().listen(8086, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch {
    return null;
  }
}
