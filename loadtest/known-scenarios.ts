import { trace } from "./trace/trace.ts";
import type { Scenario } from "./traffic/scenario.ts";
import { SCENARIOS } from "./traffic/stories/registry.ts";

/** Every scenario of ours: those that k6 loads too, and those that need Node. */
export const KNOWN_SCENARIOS: readonly Scenario[] = [...SCENARIOS, trace];
