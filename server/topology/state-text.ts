import { Type } from "typebox";
import { Value } from "typebox/value";
import { ConfigError } from "../config-error.ts";
import { compareIds, MAX_MESSAGE_ID, MAX_NODE } from "../placement/message-id.ts";
import { validateTopology } from "../placement/topology.ts";
import { fingerprintOf } from "./document.ts";
import type { State } from "./state.ts";

const STRICT = { additionalProperties: false };
const count = (minimum: number) => Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER });
const id = Type.String({ pattern: "^(?:0|[1-9][0-9]{0,18})$" });

const VERSION = 2;
const label = Type.String({ pattern: "^[0-9]{2,}$" });

const Schema = Type.Object(
  {
    version: Type.Literal(VERSION),
    cluster: Type.String({ pattern: "^[0-9a-f]{32}$" }),
    settled: Type.Boolean(),
    revision: count(0),
    // Judged by what knows topologies.
    topology: Type.Optional(Type.Unknown()),
    fingerprint: Type.Optional(Type.String({ pattern: "^[0-9a-f]{16}$" })),
    closedBelow: Type.Optional(id),
    nextLabel: Type.Optional(count(0)),
    urls: Type.Record(label, Type.String()),
    out: Type.Array(
      Type.Object(
        {
          label,
          phase: Type.Union([Type.Literal("lost"), Type.Literal("returning")]),
          from: id,
          since: Type.Number(),
          reason: Type.String(),
        },
        STRICT,
      ),
    ),
    work: Type.Union([
      Type.Null(),
      Type.Object(
        {
          kind: Type.Union([Type.Literal("rebalance"), Type.Literal("return")]),
          token: count(1),
          node: count(0),
          incarnation: count(1),
          below: id,
          phase: Type.Union([Type.Literal("copy"), Type.Literal("delete")]),
          shard: Type.Optional(label),
          cursors: Type.Record(
            label,
            Type.Union([Type.Literal("done"), Type.Object({ dialog: Type.String(), id }, STRICT)]),
          ),
          since: Type.Number(),
          seen: count(0),
          moved: count(0),
        },
        STRICT,
      ),
    ]),
    token: count(0),
    grants: Type.Array(
      Type.Object(
        {
          node: Type.Integer({ minimum: 0, maximum: MAX_NODE }),
          incarnation: count(1),
          from: id,
          until: id,
          held: Type.Boolean(),
        },
        STRICT,
      ),
    ),
  },
  STRICT,
);

const REMEDY =
  "stop its servers, then put back a copy, or move it away: the next start makes a new one from what the shards hold";

/** The document as it is kept, for people to read. @throws {ConfigError} BAD_STATE for what could not be read again */
export function stateText(state: State, where: string): string {
  judge(state, where);
  return `${JSON.stringify(state, null, 2)}\n`;
}

/**
 * Reads and judges the document.
 *
 * @param where names it in the error
 * @throws {ConfigError} BAD_STATE, NEWER_STATE
 */
export function parseState(text: string, where: string): State {
  const value = upgraded(parsed(text, where));
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === "number" && Number.isInteger(version) && version > VERSION) {
    const words = `${where} is of version ${version}, this program knows version ${VERSION}: use the program that wrote it`;
    throw new ConfigError("NEWER_STATE", words);
  }
  judge(value, where);
  return value;
}

/** Version 1 said of the topology only which one it was: the configuration has it, as it had then. */
function upgraded(value: unknown): unknown {
  if ((value as { version?: unknown } | null)?.version !== 1) return value;
  const { layout: _, ...kept } = value as { layout?: unknown };
  return { ...kept, version: VERSION, urls: {}, out: [], work: null, token: 0 };
}

function judge(value: unknown, where: string): asserts value is State {
  if (!Value.Check(Schema, value)) {
    const [first] = Value.Errors(Schema, value);
    const place = first?.instancePath.slice(1) || "the whole";
    throw bad(where, `${place} ${first?.keyword === "boolean" ? "is no field of it" : first?.message}`);
  }
  for (const [index, { from, node, until }] of value.grants.entries()) {
    if (compareIds(from, until) > 0) throw bad(where, `the grant of node ${node} ends before it begins`);
    if (compareIds(until, String(MAX_MESSAGE_ID)) > 0) throw bad(where, `the grant of node ${node} is beyond every id`);
    const before = value.grants[index - 1]?.node ?? -1;
    if (before >= node) throw bad(where, `node ${node} does not stand after node ${before}`);
  }
  if (value.topology !== undefined) judgeTopology(value as State, where);
}

/** An edit by hand could give a message two owners, or none, where a server still runs by what was there before. */
function judgeTopology({ fingerprint, topology }: State, where: string): void {
  let found: string;
  try {
    found = fingerprintOf(validateTopology(topology));
  } catch (error) {
    throw bad(where, (error as Error).message);
  }
  if (found !== fingerprint) {
    throw bad(where, "its topology was edited; change it by `hotshard shards` while a server runs");
  }
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(where, text.trim() === "" ? "it is empty" : "it is not JSON, or its end is missing");
  }
}

function bad(where: string, what: string): ConfigError {
  return new ConfigError("BAD_STATE", `${where}: ${what}; ${REMEDY}`);
}
