import type { Scenario } from "../scenario.ts";
import { ladyGaga } from "./lady-gaga.ts";
import { random } from "./random.ts";
import { zipf } from "./zipf.ts";

/** Every scenario; a new one is a file beside this and a row here. */
export const SCENARIOS: readonly Scenario[] = [random, ladyGaga, zipf];

/** @returns the scenario of that name, or undefined */
export function findScenario(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}
