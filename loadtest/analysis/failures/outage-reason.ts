import type { ShardStatus } from "../../../server/protocol/http.ts";

/** The clocks of server and generator may differ by so much, ms. */
const CLOCKS_MS = 10_000;

type Known = Pick<ShardStatus, "label" | "outages">;

/**
 * What the database of a shard said when it was lost.
 *
 * @param from Unix ms of the generator, as `until`: the time in which the shard did not answer
 * @returns null when the server knows of no outage then, as when the network between generator and server was the fault
 */
export function outageReason(shards: readonly Known[], label: string, from: number, until: number): string | null {
  const { outages = [] } = shards.find((shard) => shard.label === label) ?? {};
  const reasons = outages
    .filter((one) => one.from <= until + CLOCKS_MS && (one.until ?? Number.POSITIVE_INFINITY) >= from - CLOCKS_MS)
    .flatMap(({ reason }) => (reason === "" ? [] : [reason]));
  return reasons.length === 0 ? null : [...new Set(reasons)].join("; ");
}

/** `shard 02 is lost (mysql://…: ECONNREFUSED: …)` of each shard that is down now; null when none is. */
export function lostInWords(shards: readonly (Known & Pick<ShardStatus, "state">)[]): string | null {
  const lost = shards
    .filter(({ state }) => state === "down")
    .map(({ label, outages = [] }) => {
      const { reason = "" } = outages.at(-1) ?? {};
      return `shard ${label} is lost${reason === "" ? "" : ` (${reason})`}`;
    });
  return lost.length === 0 ? null : lost.join("; ");
}
