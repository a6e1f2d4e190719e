import { Check, Errors } from "typebox/value";
import { ConfigError } from "../../../server/config-error.ts";
import { ResultSchema, type Result } from "./result.ts";
import { upgradeVersion1 } from "./upgrade.ts";

/** The version of the document that this program writes; it reads the ones before, too. */
const VERSION = 2;
/** More faults than this help nobody. */
const FAULTS_SHOWN = 3;

/**
 * Checks that a value is a result document.
 *
 * @param where named in the errors, e.g. the file
 * @throws {ConfigError} NEWER_RESULT when a later hotshard wrote it, BAD_RESULT when it is not a result
 */
export function checkResult(value: unknown, where: string): Result {
  const version = typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  if (typeof version === "number" && version > VERSION) {
    throw new ConfigError(
      "NEWER_RESULT",
      `${where} is version ${version} and this hotshard reads version ${VERSION}; use the hotshard that wrote ` +
        "it, or a newer one",
    );
  }
  const result: unknown = version === 1 ? upgradeVersion1(value as Readonly<Record<string, unknown>>) : value;
  if (!Check(ResultSchema, result)) {
    const faults = Errors(ResultSchema, result);
    const shown = faults.slice(0, FAULTS_SHOWN).map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
    const more = faults.length > FAULTS_SHOWN ? `; and ${faults.length - FAULTS_SHOWN} more` : "";
    throw new ConfigError("BAD_RESULT", `${where} is not a result document: ${shown.join("; ")}${more}`);
  }
  return result;
}

/** @throws {ConfigError} as `checkResult`, and BAD_RESULT when the text is not JSON */
export function parseResult(text: string, where: string): Result {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigError(
      "BAD_RESULT",
      `${where} is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  return checkResult(value, where);
}
