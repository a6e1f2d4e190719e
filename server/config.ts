import { isIP } from "node:net";
import { parseArgs } from "node:util";
import { Type, type TSchema } from "typebox";
import { Value } from "typebox/value";
import { FAILOVER_MODES } from "./topology/failover.ts";
import { RELIEF_MODES } from "./topology/relief.ts";
import { ConfigSchema, LEVELS, type ConfigValues } from "./config-schema.ts";
import { ConfigError } from "./config-error.ts";
import { DEVELOPMENT_SECRET } from "./protocol/secret.ts";
import { readCredentials, type Credentials } from "./edge/tls.ts";
import { planShards, type ShardPlan } from "./shard-plan.ts";

const HTTP_URL = "an http:// or https:// URL";

type Values = ConfigValues;
type Option = keyof Values;
const OPTIONS = Object.keys(ConfigSchema.properties) as Option[];

/**
 * The server's configuration: command line over environment (`HOTSHARD_…`) over defaults. Nothing else reads either.
 */
export type Config = Values & {
  readonly secret: string;
  readonly secretIsPublic: boolean;
  /** Of `--origins`. */
  readonly originList: readonly string[];
  /** Of `--tls-cert` and `--tls-key`, as they were at the start; null for plain HTTP. */
  readonly credentials: Credentials | null;
} & ShardPlan;

/** An option as it is documented. */
export interface OptionRow {
  /** `--queue-rows` */
  readonly flag: string;
  /** `HOTSHARD_QUEUE_ROWS` */
  readonly variable: string;
  /** Null when there is none. */
  readonly default: string | null;
  readonly meaning: string;
}

/**
 * Reads, checks and freezes the configuration; the topology file and those of TLS are read, nothing else is touched.
 *
 * @param argv arguments after `serve`
 * @throws {ConfigError} BAD_CONFIG, one line that lists every fault, without secrets and passwords
 */
export function readConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const add = (option: Option, fault: string) => faults.push(`--${flagName(option)} (${variable(option)}): ${fault}`);
  const values = readValues({ ...readEnvironment(env), ...readOptions(argv, faults) }, add);
  for (const option of ["lokiUrl", "tracesUrl"] as const) {
    const url = values[option];
    if (url !== undefined && !URL.canParse(url)) add(option, HTTP_URL);
  }
  const originList = (values.origins ?? "").split(",").filter((origin) => origin !== "");
  if (!originList.every(isOrigin)) add("origins", "origins are scheme and host, http://name:port, joined by commas");
  const credentials = credentialsOf(values, add);
  const secretFault = faultOfSecret(values);
  if (secretFault !== null) faults.push(secretFault);
  const plan = planShards(values, add);
  if (faults.length > 0 || plan === null) throw new ConfigError("BAD_CONFIG", faults.join("; "));
  const secret = values.secret ?? DEVELOPMENT_SECRET;
  return Object.freeze({
    ...values,
    ...plan,
    originList,
    credentials,
    secret,
    secretIsPublic: secret === DEVELOPMENT_SECRET,
  });
}

/** Every option, in the order of the documentation. */
export function optionRows(): OptionRow[] {
  return OPTIONS.map((option) => {
    const { description = "", default: value } = annotations(option);
    return {
      flag: `--${flagName(option)}`,
      variable: variable(option),
      default: value === undefined ? null : String(value),
      meaning: description,
    };
  });
}

/** One line per option: `--port`, its environment variable, meaning and default. */
export function describeOptions(): string {
  const rows = optionRows();
  const column = Math.max(...rows.map(({ flag }) => flag.length)) + 4;
  return rows
    .map((row) => {
      const value = row.default === null ? "" : ` (default ${row.default})`;
      return `  ${row.flag}`.padEnd(column) + wrapped(row.meaning + value, 80 - column, column);
    })
    .join("\n");
}

/** Words in lines of at most `width` characters, the second and later ones set in by `indent`. */
function wrapped(text: string, width: number, indent: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines[lines.length - 1]!;
    if (line !== "" && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join(`\n${" ".repeat(indent)}`);
}

/** `queueRows` → `HOTSHARD_QUEUE_ROWS` */
function variable(option: Option): string {
  return `HOTSHARD_${option.replaceAll(/[A-Z]/g, "_$&").toUpperCase()}`;
}

function flagName(option: Option): string {
  return option.replaceAll(/[A-Z]/g, "-$&").toLowerCase();
}

interface Annotations {
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
}

function annotations(option: Option): Annotations {
  // TypeBox's types leave out the annotations that its schemas carry.
  return { ...(ConfigSchema.properties[option] as object) };
}

type Given = Partial<Record<Option, string>>;

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Given {
  const given: Given = {};
  for (const option of OPTIONS) {
    const value = env[variable(option)];
    if (value !== undefined && value !== "") given[option] = value;
  }
  return given;
}

/** What is no option is named by its place: it may be a password that lost its option. */
function readOptions(argv: readonly string[], faults: string[]): Given {
  const types = OPTIONS.map((option) => [
    flagName(option),
    { type: option === "dev" ? ("boolean" as const) : ("string" as const) },
  ]);
  const { tokens } = parseArgs({ args: [...argv], options: Object.fromEntries(types), strict: false, tokens: true });
  const given: Given = {};
  for (const token of tokens) {
    const place = `argument ${token.index + 1}`;
    if (token.kind === "positional") faults.push(`${place} belongs to no option`);
    if (token.kind !== "option") continue;
    const option = OPTIONS.find((name) => flagName(name) === token.name);
    const name = /^--?[a-z][a-z-]{0,30}$/i.test(token.rawName) ? token.rawName : place;
    if (option === undefined) faults.push(`${name}: no such option`);
    else if (option === "dev") given[option] = token.value ?? "true";
    else if (token.value === undefined) faults.push(`${name}: needs a value`);
    else given[option] = token.value;
  }
  return given;
}

/** Values that do not fit are faults; their defaults take their place, so that the rest can be judged. */
function readValues(given: Given, add: (option: Option, fault: string) => void): Values {
  const values: Record<string, unknown> = {};
  for (const option of OPTIONS) {
    const schema: TSchema = ConfigSchema.properties[option];
    const text = given[option];
    const value = text === undefined ? undefined : parsed(option, text);
    const fits = value !== undefined && Value.Check(schema, value);
    if (value !== undefined && !fits) add(option, expected(option));
    const used = fits ? value : annotations(option).default;
    if (used !== undefined) values[option] = used;
  }
  return values as Values;
}

function parsed(option: Option, text: string): unknown {
  const schema = ConfigSchema.properties[option];
  if (Type.IsInteger(schema)) return /^\d{1,15}$/.test(text) ? Number(text) : text;
  if (Type.IsNumber(schema)) return /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
  if (Type.IsBoolean(schema)) return { "1": true, true: true, "0": false, false: false }[text] ?? text;
  return text;
}

function expected(option: Option): string {
  const schema = ConfigSchema.properties[option];
  const { minimum, maximum } = annotations(option);
  if (Type.IsInteger(schema))
    return `an integer ${maximum === undefined ? `of ${minimum} or more` : `from ${minimum} to ${maximum}`}`;
  if (Type.IsBoolean(schema)) return "1 or 0";
  if (Type.IsNumber(schema)) return `a number from ${minimum} to ${maximum}`;
  if (option === "lokiUrl" || option === "tracesUrl") return HTTP_URL;
  if (option === "log") return `one of ${LEVELS.join(", ")}`;
  if (option === "hot") return `one of ${RELIEF_MODES.join(", ")}`;
  if (option === "failover") return `one of ${FAILOVER_MODES.join(", ")}`;
  return option === "secret" ? "16 characters or more" : "not empty";
}

function faultOfSecret({ secret, dev, host }: Values): string | null {
  if ((secret !== undefined && secret !== DEVELOPMENT_SECRET) || dev || isLoopback(host)) return null;
  const what = secret === undefined ? "is not set" : "is the public development secret";
  return `HOTSHARD_SECRET ${what} and ${host} is not loopback: set a secret of your own, or HOTSHARD_DEV=1`;
}

function credentialsOf({ tlsCert, tlsKey }: Values, add: (option: Option, fault: string) => void): Credentials | null {
  if (tlsCert === undefined && tlsKey === undefined) return null;
  if (tlsCert === undefined || tlsKey === undefined) {
    add(tlsCert === undefined ? "tlsCert" : "tlsKey", "a certificate and its key are given together");
    return null;
  }
  try {
    return readCredentials(tlsCert, tlsKey);
  } catch (error) {
    add("tlsCert", (error as Error).message);
    return null;
  }
}

function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
