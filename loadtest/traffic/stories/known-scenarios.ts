import { trace } from "../trace/trace.ts";
import type { Scenario } from "../scenario.ts";
import { SCENARIOS } from "./registry.ts";

/** Every scenario of ours: those that k6 loads too, and those that need Node. */
export const KNOWN_SCENARIOS: readonly Scenario[] = [...SCENARIOS, trace];
