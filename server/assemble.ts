import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { createApp } from "./app.ts";
import { createChat, type Chat } from "./chat/chat.ts";
import { createIdClock } from "./chat/clock.ts";
import { createPresence } from "./chat/presence.ts";
import { createShard, type Shard } from "./chat/shard.ts";
import type { Config } from "./config.ts";
import { createMetrics, type Metrics } from "./observability/metrics.ts";
import { createSpaceSaving } from "./observability/space-saving.ts";
import { ConfigError, type Topology } from "./placement/contract.ts";
import { compileTopology } from "./placement/router.ts";
import { singleSegment, validateTopology } from "./placement/topology.ts";
import { createStore } from "./storage/open-store.ts";
import { parseShardUrls, type ShardSpec } from "./storage/url.ts";
import { createWriter } from "./storage/writer.ts";

/** Counters of the hot-dialog detector: every dialog above 1/1024 of the traffic is among them. */
const HOT_COUNTERS = 1_024;

/** A whole server that does not listen yet. */
export interface Assembled {
  readonly app: FastifyInstance;
  readonly chat: Chat;
  /** Opens the shards; one that cannot be reached is down and comes back by itself. */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Builds every part from the configuration. @throws {ConfigError} for shard URLs, placement or topology file */
export async function assemble(config: Config, logger: Logger): Promise<Assembled> {
  const specs = parseShardUrls(shardUrls(config));
  const topology = readTopology(config, specs.length);
  const router = compileTopology(topology);
  const clock = createIdClock(config.node);
  const hot = createSpaceSaving(HOT_COUNTERS);
  const shards: Shard[] = [];
  const metrics = createMetrics(topology.shards, {
    connections: () => chat.connections(),
    queueRows: (index) => shards[index]!.writer.queueRows(),
    epoch: () => topology.epoch,
    hotShares: () => chat.hot().dialogs.map((dialog) => dialog.share),
  });
  specs.forEach((spec, index) => shards.push(buildShard(config, topology, spec, index, metrics, logger)));
  /** A message id is never minted twice, even if the wall clock was set back while the server was down. */
  async function pass(shard: Shard): Promise<void> {
    clock.observe(BigInt(await shard.lastId()));
  }
  const presence = createPresence();
  const chat = createChat({ node: config.node, topology, router, shards, clock, presence, metrics, hot });
  const app = await createApp(config, chat, metrics, logger);
  return {
    app,
    chat,
    async open() {
      await Promise.all(shards.map((shard) => shard.writer.start()));
      await Promise.all(shards.map((shard) => shard.writer.state() === "up" && pass(shard)));
    },
    async close() {
      await app.close();
      await Promise.all(shards.map((shard) => shard.writer.close()));
    },
  };
}

function shardUrls({ shards, data }: Config): string[] {
  const count = /^(\d+)(\?.*)?$/.exec(shards);
  if (count === null) return shards.split(",").map((url) => url.trim());
  const number = Number(count[1]);
  if (number < 1 || number > 64)
    throw new ConfigError("BAD_CONFIG", `--shards ${shards}: 1 to 64 shards, or their URLs`);
  mkdirSync(data, { recursive: true });
  return labelsOf(number).map((label) => `sqlite:${join(data, `shard-${label}.db`)}${count[2] ?? ""}`);
}

function labelsOf(count: number): string[] {
  const width = Math.max(2, String(count - 1).length);
  return Array.from({ length: count }, (_, index) => String(index).padStart(width, "0"));
}

function readTopology(config: Config, shards: number): Topology {
  if (config.topology === undefined) return singleSegment({ labels: labelsOf(shards), placement: config.placement });
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(config.topology, "utf8"));
  } catch (error) {
    throw new ConfigError(
      "BAD_TOPOLOGY",
      `${config.topology}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const topology = validateTopology(content);
  if (topology.shards.length === shards) return topology;
  const counts = `it names ${topology.shards.length} shards, --shards gives ${shards}`;
  throw new ConfigError("BAD_TOPOLOGY", `${config.topology}: ${counts}; make them equal`);
}

function buildShard(
  config: Config,
  topology: Topology,
  spec: ShardSpec,
  index: number,
  metrics: Metrics,
  logger: Logger,
): Shard {
  const label = topology.shards[index]!;
  const store = createStore(spec);
  const writer = createWriter({
    label,
    store,
    limits: { queueRows: config.queueRows, queueBytes: config.queueBytes, maxRows: config.groupRows },
    onCommit({ rows, duplicates, seconds, ok }) {
      metrics.batch(index, rows);
      metrics.operation(index, "insert", seconds, ok);
      metrics.stage("commit", seconds, rows);
      metrics.messages(index, ok ? "stored" : "failed", rows - duplicates);
      if (duplicates > 0) metrics.messages(index, "duplicate", duplicates);
    },
    onState(state, reason) {
      if (state === "up") logger.info({ shard: label }, `shard ${label} is up`);
      else logger.error({ shard: label, err: reason }, `shard ${label} is down`);
    },
  });
  return createShard(index, label, spec, store, writer, metrics);
}
