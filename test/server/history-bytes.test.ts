import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS, type HistoryPageFrame } from "../../server/protocol/frames.ts";
import type { MessageRow } from "../../server/shards/contract.ts";
import { connect } from "../support/chat-client.ts";
import { listen } from "../support/in-process.ts";
import { scripted } from "../support/scripted-store.ts";

/** A store that holds these texts as messages of 1 to 2, with ascending ids. */
function holding(texts: readonly string[]) {
  const rows = texts.map((text, index): MessageRow => {
    const id = String(1_000 + index);
    return { dialog: "1_2", id, author: 1, recipient: 2, client: `c${id}`, text };
  });
  return scripted({
    async history(_dialog, before, limit) {
      const page = rows.filter(({ id }) => before === null || Number(id) < Number(before)).slice(-limit);
      return { rows: page, epoch: 1, floor: null };
    },
  });
}

/** The longest texts that the protocol takes: in JSON each character has six bytes, three, or one. */
const TEXTS = {
  "control characters": "\u0001".repeat(LIMITS.text),
  "three bytes each": "\u20ac".repeat(LIMITS.text),
  ASCII: "x".repeat(LIMITS.text),
} as const;

for (const [what, text] of Object.entries(TEXTS)) {
  test(`no page has more bytes than the limit, and pages still lead to all messages: ${what}`, async (t) => {
    const count = 250;
    const server = await listen(t, [holding(Array.from({ length: count }, () => text))]);
    await server.open();
    const client = await connect(server.chatUrl, 2);
    const found: string[] = [];
    const sizes: number[] = [];
    let before: string | undefined;
    do {
      client.send({ type: "history", id: "h", with: 1, ...(before !== undefined && { before }) });
      const page: HistoryPageFrame = await client.next("history");
      sizes.push(Buffer.byteLength(JSON.stringify(page.messages)));
      found.unshift(...page.messages.map(({ message }) => message));
      before = page.next;
    } while (before !== undefined);
    assert.ok(Math.max(...sizes) <= LIMITS.pageBytes, `${Math.max(...sizes)} bytes`);
    const least = LIMITS.pageBytes - 7 * LIMITS.text;
    assert.ok(
      sizes.slice(0, -1).every((size) => size > least),
      `full pages, not ${sizes.join(", ")}`,
    );
    assert.deepEqual(
      found,
      Array.from({ length: count }, (_, index) => String(1_000 + index)),
    );
  });
}

test("short messages fill a page by their number", async (t) => {
  const server = await listen(t, [holding(Array.from({ length: 201 }, () => "x"))]);
  await server.open();
  const client = await connect(server.chatUrl, 2);
  client.send({ type: "history", id: "h", with: 1 });
  const page = await client.next("history");
  assert.equal(page.messages.length, LIMITS.page);
  assert.equal(page.next, page.messages[0]!.message);
});
