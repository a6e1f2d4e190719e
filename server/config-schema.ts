import { Type, type Static } from "typebox";
import { FAILOVER_MODES } from "./topology/failover.ts";
import { RELIEF_MODES } from "./topology/relief.ts";

/** Levels of the log, the quietest first. */
export const LEVELS = ["silent", "error", "warn", "info", "debug"];

/**
 * Every option of the server, once: its type, bounds, default and meaning. Flags and variables follow from the names.
 */
export const ConfigSchema = Type.Object({
  port: Type.Integer({ minimum: 0, maximum: 65_535, default: 8086, description: "TCP port; 0 takes a free one" }),
  host: Type.String({ minLength: 1, default: "127.0.0.1", description: "Address to listen on" }),
  shards: Type.String({
    minLength: 1,
    default: "4",
    description: "How many SQLite shards, or shard URLs joined by commas; ?commitMs=20&maxRows=50 shapes either",
  }),
  placement: Type.String({
    minLength: 1,
    default: "slots",
    description: "Name with options: slots, ring:virtualNodes=1, range:at=1000/2000",
  }),
  data: Type.String({
    minLength: 1,
    default: "hotshard-data",
    description: "Folder of the SQLite shards and of state.json, which gives out node numbers and message ids",
  }),
  topology: Type.Optional(Type.String({ minLength: 1, description: "Topology file (JSON); replaces placement" })),
  failover: Type.Union(
    FAILOVER_MODES.map((mode) => Type.Literal(mode)),
    {
      default: "auto",
      description: "What is done about a shard that does not answer: auto takes it out of the topology until it does",
    },
  ),
  deadMs: Type.Integer({
    minimum: 250,
    maximum: 3_600_000,
    default: 2_000,
    description: "A shard is taken for dead when it does not answer for so long, ms",
  }),
  wellMs: Type.Integer({
    minimum: 250,
    maximum: 3_600_000,
    default: 10_000,
    description: "A shard that was taken out comes back when it has answered for so long, ms; longer each time",
  }),
  hot: Type.Union(
    RELIEF_MODES.map((mode) => Type.Literal(mode)),
    {
      default: "advise",
      description: "What is done about a hot dialog: advise says it in the log, auto pins or splits it",
    },
  ),
  secret: Type.Optional(
    Type.String({ minLength: 16, description: "HS256 secret of the tokens, 16 characters or more" }),
  ),
  dev: Type.Boolean({
    default: false,
    description: "Allow the documented development secret beyond loopback, and the live page without a token",
  }),
  origins: Type.Optional(
    Type.String({
      minLength: 1,
      description: "Origins whose pages may connect, joined by commas: https://chat.example; beside the server's own",
    }),
  ),
  tlsCert: Type.Optional(
    Type.String({ minLength: 1, description: "Certificate chain (PEM): serves https and wss; read again on SIGHUP" }),
  ),
  tlsKey: Type.Optional(Type.String({ minLength: 1, description: "Key of --tls-cert (PEM)" })),
  queueRows: Type.Integer({ minimum: 1, default: 20_000, description: "Most rows that wait for one shard" }),
  queueBytes: Type.Integer({
    // A row of the longest text counts 8,600 bytes, and must fit.
    minimum: 16_384,
    default: 33_554_432,
    description: "Most bytes that wait for one shard",
  }),
  groupRows: Type.Integer({ minimum: 1, maximum: 1_000, default: 200, description: "Most rows of one commit" }),
  rateLimit: Type.Integer({
    minimum: 0,
    default: 0,
    description: "Most frames a second of one connection, in bursts of at most so many; 0 is no limit",
  }),
  connections: Type.Integer({ minimum: 1, default: 20_000, description: "Most WebSocket connections at once" }),
  userConnections: Type.Integer({ minimum: 1, default: 100, description: "Most connections of one user" }),
  greetings: Type.Integer({
    minimum: 1,
    default: 1_000,
    description: "Most connections that have not said hello yet",
  }),
  helloMs: Type.Integer({
    minimum: 1,
    maximum: 3_600_000,
    default: 10_000,
    description: "Longest wait for a valid hello, ms",
  }),
  pingMs: Type.Integer({
    minimum: 0,
    maximum: 3_600_000,
    default: 20_000,
    description: "Each connection is pinged so often, and ended when two pings bring nothing, ms; 0 is never",
  }),
  unreadMs: Type.Integer({
    minimum: 1,
    maximum: 3_600_000,
    default: 30_000,
    description: "A client is closed as a slow reader when it takes nothing of what waits for it for so long, ms",
  }),
  unreadBytes: Type.Integer({
    // A page of history and a burst of messages must fit.
    minimum: 524_288,
    default: 4_194_304,
    description: "A client is closed as a slow reader when so many bytes wait for it",
  }),
  drainMs: Type.Integer({
    minimum: 0,
    maximum: 3_600_000,
    default: 10_000,
    description: "Longest wait for queued rows at a stop, ms",
  }),
  log: Type.Union(
    LEVELS.map((level) => Type.Literal(level)),
    { default: "info", description: `Least level that is logged, as JSON on stdout: ${LEVELS.join(", ")}` },
  ),
  observe: Type.Boolean({
    default: true,
    description: "Count and time what the chat does; 0 only to measure what that costs",
  }),
  lokiUrl: Type.Optional(
    Type.String({
      pattern: "^https?://",
      description: "Loki that gets every log line too: http://user:password@host:3100",
    }),
  ),
  tracesUrl: Type.Optional(
    Type.String({
      pattern: "^https?://",
      description: "OTLP/HTTP collector that gets traces of messages: http://host:4318; without it there are none",
    }),
  ),
  tracesRatio: Type.Number({
    minimum: 0,
    maximum: 1,
    default: 1,
    description: "Share of the messages without a `traceparent` that are traced, 0 to 1",
  }),
  env: Type.String({
    minLength: 1,
    maxLength: 63,
    default: "dev",
    description: "Label `env` of log lines in Loki, environment of traces",
  }),
  instance: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: "Label `instance` of log lines in Loki, as Prometheus names this server; host:port by default",
    }),
  ),
});

/** What was given, or the defaults. */
export type ConfigValues = Readonly<Static<typeof ConfigSchema>>;
