import { Type } from "typebox";
import { Value } from "typebox/value";
import { ConfigError } from "../config-error.ts";
import { compareIds, MAX_MESSAGE_ID, MAX_NODE } from "../placement/message-id.ts";
import type { State } from "./state.ts";

const STRICT = { additionalProperties: false };
const count = (minimum: number) => Type.Integer({ minimum, maximum: Number.MAX_SAFE_INTEGER });
const id = Type.String({ pattern: "^(?:0|[1-9][0-9]{0,18})$" });

const Schema = Type.Object(
  {
    version: Type.Literal(1),
    cluster: Type.String({ pattern: "^[0-9a-f]{32}$" }),
    settled: Type.Boolean(),
    revision: count(0),
    layout: Type.Optional(
      Type.Object({ epoch: count(1), fingerprint: Type.String({ pattern: "^[0-9a-f]{16}$" }) }, STRICT),
    ),
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
  const value = parsed(text, where);
  const version = (value as { version?: unknown } | null)?.version;
  if (typeof version === "number" && Number.isInteger(version) && version > 1) {
    const words = `${where} is of version ${version}, this program knows version 1: use the program that wrote it`;
    throw new ConfigError("NEWER_STATE", words);
  }
  judge(value, where);
  return value;
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
