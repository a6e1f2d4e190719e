import { createEngine } from "../drivers/k6/script/engine.ts";

/**
 * `k6 run -e URL=ws://127.0.0.1:8086/chat loadtest/scenarios/flash-crowd.ts`; the story is
 * `traffic/stories/flash-crowd.ts`.
 */
const engine = createEngine("flash-crowd");

export const { options, setup, handleSummary } = engine;
export default engine.drive;
