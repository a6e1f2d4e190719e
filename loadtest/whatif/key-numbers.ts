import { ConfigError } from "../../server/config-error.ts";
import { numbersOf, type CompiledLayout } from "../analysis/skew/place-keys.ts";
import { plural } from "../stats/format.ts";
import type { KeyTable } from "./key-table.ts";

/**
 * Numbers of the keys (`dialogNumber`), ascending; none unless all have one.
 *
 * @param name of the input
 * @param asked layouts that the user asked for
 * @throws {ConfigError} NO_NUMBER when a layout that was asked for places by them
 */
export function numbersOfAll(name: string, table: KeyTable, asked: readonly CompiledLayout[]): Float64Array {
  const numbers = numbersOf(table.blocks());
  const without = table.size() - numbers.length;
  if (without === 0) return numbers;
  const ranged = asked.find(({ placement, labels }) => placement.byNumber && labels.length > 1);
  if (ranged === undefined) return new Float64Array();
  throw new ConfigError(
    "NO_NUMBER",
    `${name}: ${ranged.placement.name} places by the number of a key (of 4711_9001, g_12 or 4711), and ` +
      `${without} of ${plural(table.size(), "key")} have none`,
  );
}
