/**
 * What other programs import as `hotshard`: the result document, the placements, and what scenarios are written with.
 * The command is `bin/hotshard.js`; k6 takes the files of `scenarios/` as they are.
 */
export { dialogId } from "../server/placement/dialog.ts";
export { PLACEMENTS, parsePlacement, type PlacementChoice, type PlacementEntry } from "../server/placement/registry.ts";
export type { Placement, PlacementFactory, WeightedShard } from "../server/placement/contract.ts";
export { ResultSchema, type Result } from "./analysis/result/result.ts";
export type { Dials, Lane, Action, Story } from "./traffic/contract.ts";
export { anyoneBut, dealLanes, onlineUsers, type LanePlan, type LaneSeat } from "./traffic/lanes.ts";
export { defineScenario, type DialsOf, type Scenario, type ScenarioSpec, type StoryKit } from "./traffic/scenario.ts";
