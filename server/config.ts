import { randomInt } from "node:crypto";
import { isIP } from "node:net";
import { parseArgs } from "node:util";
import Type, { type Static } from "typebox";
import { Value } from "typebox/value";
import { ConfigError } from "./placement/contract.ts";
import { DEVELOPMENT_SECRET } from "./protocol/secret.ts";

const ConfigSchema = Type.Object(
  {
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
      description: "Name with options: slots, ring:virtualNodes=1",
    }),
    data: Type.String({ minLength: 1, default: "hotshard-data", description: "Folder of the SQLite shards" }),
    topology: Type.Optional(Type.String({ minLength: 1, description: "Topology file (JSON); replaces placement" })),
    secret: Type.Optional(
      Type.String({ minLength: 16, description: "HS256 secret of the tokens, 16 characters or more" }),
    ),
    dev: Type.Boolean({ default: false, description: "Allow the documented development secret beyond loopback" }),
    node: Type.Integer({
      minimum: 0,
      maximum: 1023,
      description: "Node number inside message ids; by default a random one",
    }),
    queueRows: Type.Integer({ minimum: 1, default: 20_000, description: "Most rows that wait for one shard" }),
    queueBytes: Type.Integer({
      minimum: 4_096,
      default: 33_554_432,
      description: "Most bytes that wait for one shard",
    }),
    groupRows: Type.Integer({ minimum: 1, maximum: 1_000, default: 200, description: "Most rows of one commit" }),
    drainMs: Type.Integer({ minimum: 0, default: 10_000, description: "Longest wait for queued rows at a stop, ms" }),
    log: Type.Union(
      ["silent", "error", "warn", "info", "debug"].map((level) => Type.Literal(level)),
      { default: "info", description: "Least level that is logged, as JSON on stderr" },
    ),
  },
  { additionalProperties: false },
);

/** The server's configuration: command line over environment (`HOTSHARD_…`) over defaults. Nothing else reads either. */
export type Config = Readonly<Static<typeof ConfigSchema>> & {
  readonly secret: string;
  readonly secretIsPublic: boolean;
};

type Option = keyof typeof ConfigSchema.properties;
const OPTIONS = Object.keys(ConfigSchema.properties) as Option[];

/**
 * Reads, checks and freezes the configuration.
 *
 * @param argv arguments after `serve`
 * @throws {ConfigError} BAD_CONFIG, one line that lists every fault
 */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const given: Record<string, unknown> = { node: randomInt(1024) };
  for (const option of OPTIONS) {
    const value = env[environmentName(option)];
    if (value !== undefined && value !== "") given[option] = value;
  }
  Object.assign(given, readOptions(argv, faults));
  if (given["dev"] === "1" || given["dev"] === "") given["dev"] = true;
  if (given["dev"] === "0") given["dev"] = false;
  const config = Value.Default(ConfigSchema, Value.Convert(ConfigSchema, given)) as Static<typeof ConfigSchema>;
  for (const fault of Value.Errors(ConfigSchema, config)) faults.push(faultText(fault));
  const secretFault = faults.length === 0 ? faultOfSecret(config) : null;
  if (secretFault !== null) faults.push(secretFault);
  if (faults.length > 0) throw new ConfigError("BAD_CONFIG", [...new Set(faults)].join("; "));
  const secret = config.secret ?? DEVELOPMENT_SECRET;
  return Object.freeze({ ...config, secret, secretIsPublic: secret === DEVELOPMENT_SECRET });
}

/** One line per option: `--port`, its environment variable, default and meaning. */
export function describeOptions(): string {
  const rows = OPTIONS.map((option) => {
    // TypeBox's types leave out the annotations that its schemas carry.
    const schema: object & { description?: string; default?: unknown } = { ...ConfigSchema.properties[option] };
    const value = schema.default === undefined ? "" : ` (default ${String(schema.default)})`;
    return (
      `  --${flagName(option)}`.padEnd(18) + environmentName(option).padEnd(24) + (schema.description ?? "") + value
    );
  });
  return rows.join("\n");
}

/** Environment variable of an option: `queueRows` → `HOTSHARD_QUEUE_ROWS`. */
function environmentName(option: string): string {
  return `HOTSHARD_${option.replaceAll(/[A-Z]/g, "_$&").toUpperCase()}`;
}

function flagName(option: string): string {
  return option.replaceAll(/[A-Z]/g, "-$&").toLowerCase();
}

function readOptions(argv: readonly string[], faults: string[]): Record<string, unknown> {
  const types = OPTIONS.map((option) => [
    flagName(option),
    { type: option === "dev" ? ("boolean" as const) : ("string" as const) },
  ]);
  const { tokens } = parseArgs({ args: [...argv], options: Object.fromEntries(types), strict: false, tokens: true });
  const values: Record<string, unknown> = {};
  for (const token of tokens) {
    if (token.kind === "positional") faults.push(`${token.value}: not an option`);
    if (token.kind !== "option") continue;
    const option = OPTIONS.find((name) => flagName(name) === token.name);
    if (option === undefined) faults.push(`${token.rawName}: no such option`);
    else if (option === "dev") values[option] = true;
    else if (token.value === undefined) faults.push(`${token.rawName}: needs a value`);
    else values[option] = token.value;
  }
  return values;
}

function faultText(fault: { instancePath: string; message: string }): string {
  const option = fault.instancePath.slice(1);
  return `--${flagName(option)} (${environmentName(option)}): ${fault.message}`;
}

function faultOfSecret(config: Static<typeof ConfigSchema>): string | null {
  if (config.secret !== undefined || config.dev || isLoopback(config.host)) return null;
  return `HOTSHARD_SECRET is not set and ${config.host} is not loopback: set it, or HOTSHARD_DEV=1 for the public development secret`;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
