type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const objectOf = (value: unknown): Json => (isObject(value) ? value : {});
const countOf = (value: unknown): number => (typeof value === "number" ? value : 0);

/**
 * A result of version 1 as one of version 2, as far as it can be: shares, skew and advice speak of what was stored,
 * which `skew.of` says; what failed is known by its count alone. Nothing is checked: the schema does that afterwards.
 */
export function upgradeVersion1(old: Json): Json {
  const traffic = objectOf(old["traffic"]);
  const sent = countOf(traffic["sent"]);
  const failed = countOf(traffic["refused"]) + countOf(traffic["unknown"]);
  return {
    ...old,
    version: 2,
    traffic: {
      ...traffic,
      late: countOf(objectOf(old["generator"])["dropped"]),
      notConnected: 0,
      failedShare: failed / Math.max(1, sent),
    },
    failures: [],
    outages: [],
    windows: [],
    shards: Array.isArray(old["shards"])
      ? old["shards"].map((shard) => (isObject(shard) ? { ...shard, offered: shard["stored"] } : shard))
      : old["shards"],
    skew: isObject(old["skew"]) ? upgradeSkew(old["skew"]) : old["skew"],
    audit: isObject(old["audit"]) ? { undelivered: 0, missedWhileAway: 0, ...old["audit"] } : old["audit"],
  };
}

/** It did not tell the change of a topology among the causes: it was none, or the hash's. */
function upgradeSkew(skew: Json): Json {
  const { causes } = skew;
  return {
    of: "stored",
    ...skew,
    causes: isObject(causes) ? { change: { factor: 1, low: 1, high: 1 }, ...causes } : causes,
  };
}
