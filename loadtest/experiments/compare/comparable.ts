import type { Result } from "../../analysis/result/result.ts";
import { LEAST_SLICES, type RunSeries } from "../../analysis/slices/series.ts";
import { differing, versionRows, type Difference } from "../../report/words/machines.ts";

export interface Obstacle {
  readonly code: (typeof OBSTACLES)[number];
  readonly message: string;
}

/** Every reason not to compare; those of `ALLOWABLE` may be overruled, as they are the reader's to judge. */
const OBSTACLES = [
  "SAME_RUN",
  "INVALID",
  "TOO_FEW_SLICES",
  "OLD_SLICES",
  "SCENARIO",
  "DIALS",
  "SEED",
  "DRIVER",
  "SHARDS",
  "SHAPED",
] as const;

export const ALLOWABLE: ReadonlySet<string> = new Set(["SCENARIO", "DIALS", "SEED", "DRIVER", "SHARDS", "SHAPED"]);

export interface ComparedRun {
  /** As messages name it: the folder, or A and B. */
  readonly name: string;
  readonly result: Result;
  readonly series: RunSeries;
}

/** Why two runs cannot be compared; empty when they can. All reasons at once. */
export function obstaclesOf(a: ComparedRun, b: ComparedRun): Obstacle[] {
  return [...sameRun(a, b), ...[a, b].flatMap(unfit), ...unlike(a, b)];
}

function sameRun({ result: a }: ComparedRun, { result: b }: ComparedRun): Obstacle[] {
  if (a.run.id !== b.run.id) return [];
  return [{ code: "SAME_RUN", message: `both are the run ${a.run.id}: give two runs` }];
}

function unfit({ name, result, series }: ComparedRun): Obstacle[] {
  const found: Obstacle[] = [];
  if (result.verdict.status === "INVALID") {
    const codes = result.verdict.reasons.map(({ code }) => code).join(", ");
    found.push({
      code: "INVALID",
      message: `${name} is INVALID (${codes}): it does not measure the server; run it again`,
    });
  }
  if (series.slices < LEAST_SLICES) {
    const seconds = `${series.slices} whole seconds or slices of the measured phase`;
    const remedy = `at least ${LEAST_SLICES} are needed; make --duration longer`;
    found.push({ code: "TOO_FEW_SLICES", message: `${name} has ${seconds} in its slices.ndjson and ${remedy}` });
  } else if (series.shards.every(({ commit, delivery }) => commit.total.count + delivery.total.count === 0)) {
    const remedy = "an early hotshard wrote them; run it again";
    found.push({ code: "OLD_SLICES", message: `the slices of ${name} hold no durations: ${remedy}` });
  }
  return found;
}

const dials = (result: Result, name: string) => String(result.run.dials[name] ?? "none");

const labels = (result: Result) => result.shards.map(({ label }) => label).join(" ");

const shaped = (result: Result) => (result.server.shaped === null ? "as fast as they are" : "shaped");

function unlike({ result: a }: ComparedRun, { result: b }: ComparedRun): Obstacle[] {
  const found: Obstacle[] = [];
  const differ = (code: Obstacle["code"], what: string, left: string, right: string) => {
    if (left !== right) found.push({ code, message: `${what}: ${left} in A, ${right} in B` });
  };
  differ("SCENARIO", "other scenario", a.run.scenario, b.run.scenario);
  const names = [...new Set([...Object.keys(a.run.dials), ...Object.keys(b.run.dials)])].filter(
    (name) => name !== "seed",
  );
  for (const name of names) differ("DIALS", `other ${name}`, dials(a, name), dials(b, name));
  differ("SEED", "other seed, and with it other dialogs", String(a.run.seed), String(b.run.seed));
  differ("DRIVER", "other driver", a.run.driver, b.run.driver);
  differ("SHARDS", "other shards", labels(a), labels(b));
  differ("SHAPED", "shards", shaped(a), shaped(b));
  return found;
}

/** What else is not the same: that is what a comparison is about. */
export function differencesOf({ result: a }: ComparedRun, { result: b }: ComparedRun): Difference[] {
  return differing([
    ["placement", a.server.placement, b.server.placement],
    ["overrides", a.server.overrides.join("; ") || "none", b.server.overrides.join("; ") || "none"],
    ["engine", a.server.engine, b.server.engine],
    ["durability", a.server.durability, b.server.durability],
    ["shaped", a.server.shaped ?? "no", b.server.shaped ?? "no"],
    ["hotshard", a.hotshard, b.hotshard],
    ...versionRows(a.run.machine, b.run.machine),
  ]);
}
