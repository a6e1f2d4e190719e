import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { createSqliteStore } from "../../server/shards/sqlite.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { metricValue, scrape } from "../support/metrics.ts";
import { temporaryFolder } from "../support/server.ts";

const folder = temporaryFolder();
after(() => rmSync(folder, { recursive: true, force: true }));

test("a message that its database refuses is answered alone; the others of its commit are stored", async (t) => {
  const file = join(folder, "rule.db");
  const store = createSqliteStore({ file });
  const server = await listen(t, [store]);
  await server.open();
  const db = new DatabaseSync(file);
  db.exec(
    "CREATE TRIGGER rule BEFORE INSERT ON message WHEN NEW.text = 'odd' BEGIN SELECT RAISE(ABORT, 'not odd ones'); END",
  );
  db.close();
  const client = await connect(server.chatUrl, 1);
  const texts = Array.from({ length: 40 }, (_, index) => (index === 20 ? "odd" : "even"));
  client.send(...texts.map((text, index) => ({ type: "send", id: `m${index}`, to: 2, text })));
  for (const [index, text] of texts.entries()) {
    if (text === "even") await client.next("ack", ({ id }) => id === `m${index}`);
  }
  const error = await client.next("error");
  assert.deepEqual([error.id, error.code, error.retryable], ["m20", "UNSTORABLE", false]);
  const page = await scrape(server.url);
  const count = (result: string) => metricValue(page, `chat_messages_total{shard="00",result="${result}"}`);
  assert.deepEqual([count("stored"), count("refused"), count("failed")], [39, 1, 0]);
  assert.equal(metricValue(page, 'chat_shard_up{shard="00"}'), 1);
  assert.match(server.log.join(""), /not odd ones.*its database refuses messages/u);
});
