import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import type { ShardsReply } from "../../server/protocol/http.ts";
import type {
  ChangeReply,
  ChangeRequest,
  MoveStatus,
  RebalanceReply,
  Verification,
  VerifyLine,
} from "../../server/protocol/shards.ts";
import type { ChatClient } from "./chat-client.ts";
import { startServer, type TestServer } from "./server.ts";
import { tokenOf } from "./token.ts";

const PEERS = Array.from({ length: 30 }, (_, i) => i + 2);

export interface Answer<T> {
  readonly status: number;
  /** `code` and `message` are empty when nothing is refused. */
  readonly body: T & { readonly code: string; readonly message: string };
}

export async function start(t: TestContext, ...args: string[]): Promise<TestServer> {
  const server = await startServer({ args: ["--shards", "4", ...args], env: { HOTSHARD_SECRET: "" } });
  t.after(() => server.stop());
  return server;
}

export async function ask<T>(
  server: TestServer,
  path: string,
  body?: unknown,
  token = tokenOf(99, "admin"),
): Promise<Answer<T>> {
  const response = await fetch(server.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    body: Object.assign({ code: "", message: "" }, (await response.json()) as T),
  };
}

export function change(server: TestServer, asked: ChangeRequest, rest: object = {}): Promise<Answer<ChangeReply>> {
  return ask(server, "/v1/shards/changes", { change: asked, ...rest });
}

export async function applied(server: TestServer, asked: ChangeRequest): Promise<ChangeReply> {
  const { body, status } = await change(server, asked);
  assert.deepEqual([status, body.applied], [200, true], body.message);
  return body;
}

export async function refused(
  server: TestServer,
  asked: ChangeRequest,
  status: number,
  code: string,
  words: RegExp,
): Promise<void> {
  const before = (await topologyOf(server)).epoch;
  for (const dryRun of [true, false]) {
    const answer = await change(server, asked, { dryRun });
    assert.deepEqual([answer.status, answer.body.code], [status, code], answer.body.message);
    assert.match(answer.body.message, words);
  }
  assert.equal((await topologyOf(server)).epoch, before);
}

export async function topologyOf(server: TestServer): Promise<ShardsReply["topology"]> {
  return (await ask<ShardsReply>(server, "/v1/shards")).body.topology;
}

const REBALANCE = "/v1/shards/rebalance";

/** Begins a rebalance and waits for its end. */
export async function rebalanced(server: TestServer): Promise<NonNullable<MoveStatus["last"]>> {
  const before = (await ask<MoveStatus>(server, REBALANCE)).body.last?.at ?? 0;
  const begun = await ask<RebalanceReply>(server, REBALANCE, { throttle: false });
  assert.deepEqual([begun.status, begun.body.applied], [202, true], begun.body.message);
  for (;;) {
    const { last, work } = (await ask<MoveStatus>(server, REBALANCE)).body;
    if (work === null && last !== null && last.at > before) return last;
    await setTimeout(20);
  }
}

async function linesOf(server: TestServer): Promise<VerifyLine[]> {
  const headers = { authorization: `Bearer ${tokenOf(99, "admin")}` };
  const text = await (await fetch(`${server.url}/v1/shards/verify`, { headers })).text();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as VerifyLine);
}

export async function verified(server: TestServer): Promise<Verification> {
  const last = (await linesOf(server)).at(-1)!;
  assert.ok("found" in last, JSON.stringify(last));
  return last.found;
}

/** One message to each peer. @returns the shards that took them */
export async function sendTo(chat: ChatClient, name: string): Promise<Set<string>> {
  chat.send(...PEERS.map((to) => ({ type: "send", id: `${name} ${to}`, to, text: name })));
  const shards = new Set<string>();
  for (const _ of PEERS) shards.add((await chat.next("ack")).shard);
  return shards;
}

/** The texts of each peer's dialog, in order. */
export async function texts(chat: ChatClient): Promise<string[][]> {
  chat.send(...PEERS.map((peer) => ({ type: "history", id: `${peer}`, with: peer })));
  const pages: string[][] = [];
  for (const _ of PEERS) pages.push((await chat.next("history")).messages.map(({ text }) => text));
  return pages;
}
