import type { Scenario } from "../scenario.ts";
import { flashCrowd } from "./flash-crowd.ts";
import { history } from "./history.ts";
import { ladyGaga } from "./lady-gaga.ts";
import { random } from "./random.ts";
import { reshard } from "./reshard.ts";
import { shardLoss } from "./shard-loss.ts";
import { soak } from "./soak.ts";
import { zipf } from "./zipf.ts";

/** Every scenario; a new one is a file beside this and a row here. */
export const SCENARIOS: readonly Scenario[] = [random, ladyGaga, zipf, flashCrowd, history, soak, reshard, shardLoss];

/** Scenarios of the user's own, by the reference with which they were loaded. */
const own = new Map<string, Scenario>();

/** Makes a scenario known in this process under a reference, such as the path of its file. */
export function addScenario(reference: string, scenario: Scenario): void {
  own.set(reference, scenario);
}

/** @returns the scenario of that name or reference, or undefined */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name) ?? own.get(name);
}
