import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Operation, PageOperation } from "../../../../loadtest/measurement/operations.ts";
import { createHistoryReader, type ReaderOrder } from "../../../../loadtest/run/history/history-reader.ts";
import type { DialogReply } from "../../../../server/protocol/http.ts";
import { temporaryFolder } from "../../../support/server.ts";

type Asked = readonly [dialog: string, before: string | undefined, limit: number];

/** A server with five messages in each dialog, of which one is of another run; two on a page. */
function server(): { readonly asked: Asked[]; readonly messages: ReaderOrder["client"]["messages"] } {
  const asked: Asked[] = [];
  return {
    asked,
    async messages(dialog, { before, limit }): Promise<DialogReply> {
      asked.push([dialog, before, limit]);
      const [lower, higher] = dialog.split("_").map(Number);
      const all = [1, 2, 3, 4, 5].map((seq) => ({
        message: `10${seq}`,
        dialog,
        from: lower!,
        to: higher!,
        text: "hs1",
        client: `${seq === 3 ? "other" : "abc"}-${lower}-${higher}-${seq}`,
      }));
      const left = all.filter(({ message }) => before === undefined || message < before);
      const messages = left.slice(-2);
      return { dialog, messages, stable: "200", ...(left.length > 2 && { next: messages[0]!.message }) };
    },
  };
}

function reader(t: TestContext, client: ReaderOrder["client"], next: ReaderOrder["next"] = () => null) {
  const folder = temporaryFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const made = createHistoryReader({ client, folder, runId: "abc", share: 1, next });
  async function pages(): Promise<PageOperation[]> {
    await made.close();
    const text = gunzipSync(readFileSync(join(folder, "operations-reads.ndjson.gz"))).toString();
    const [, ...lines] = text.trim().split("\n");
    return lines.map((line) => JSON.parse(line) as Operation).filter((operation) => operation[0] === "p");
  }
  return { ...made, pages };
}

test("a dialog is read from its newest page to its oldest, and the log has of it what the run wrote", async (t) => {
  const chat = server();
  const { readAll, pages } = reader(t, chat);
  await readAll(["7_81"]);
  assert.deepEqual(chat.asked, [
    ["7_81", undefined, 200],
    ["7_81", "104", 200],
    ["7_81", "102", 200],
  ]);
  const written = await pages();
  const shown = written.map(([code, at, lower, higher, read, { begin, ...page }]) => {
    assert.ok(begin >= 0 && begin <= at);
    return [code, lower, higher, read, page];
  });
  // The first 32 bits of md5("hs1").
  const text = "4c1379eb";
  const row = (seq: number) => [7, seq, `10${seq}`, text];
  assert.deepEqual(shown, [
    ["p", 7, 81, 1, { next: "104", stable: "200", rows: [row(4), row(5)] }],
    ["p", 7, 81, 1, { before: "104", next: "102", stable: "200", rows: [row(2)] }],
    ["p", 7, 81, 1, { before: "102", stable: "200", rows: [row(1)] }],
  ]);
});

test("many dialogs are read side by side, each read by a number of its own; one that fails is left out", async (t) => {
  const chat = server();
  const dialogs = Array.from({ length: 30 }, (_, index) => `${index + 1}_99`);
  const { readAll, pages } = reader(t, {
    messages: (dialog, page) => (dialog === "5_99" ? Promise.reject(new Error("503")) : chat.messages(dialog, page)),
  });
  await readAll(dialogs);
  const written = await pages();
  assert.equal(new Set(written.map(([, , lower]) => lower)).size, 29);
  assert.equal(new Set(written.map(([, , , , read]) => read)).size, 29);
});

test("a server that is gone is not asked for every dialog", async (t) => {
  let asked = 0;
  const { readAll, pages } = reader(t, { messages: () => (asked++, Promise.reject(new Error("gone"))) });
  await readAll(Array.from({ length: 1_000 }, (_, index) => `${index + 1}_9999`));
  assert.ok(asked < 40, String(asked));
  assert.deepEqual(await pages(), []);
});

test("while the run goes on, dialogs are opened in the order in which the schedule writes to them", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const chat = server();
  const planned = [81, 82, 83].map((target) => ({ at: 0, user: 7, do: "send", target }) as const);
  const { start, stop, pages } = reader(t, chat, () => planned.shift() ?? null);
  start();
  for (let ticks = 0; ticks < 5; ticks++) {
    t.mock.timers.tick(100);
    await new Promise(setImmediate);
  }
  await stop();
  t.mock.timers.tick(1_000);
  assert.deepEqual([...new Set(chat.asked.map(([dialog]) => dialog))], ["7_81", "7_82", "7_83"]);
  assert.equal((await pages()).length, 9);
});
