import { createEngine } from "../drivers/k6/script/engine.ts";

/**
 * `k6 run -e URL=ws://127.0.0.1:8086/chat loadtest/scenarios/history.ts`; the story is `traffic/stories/history.ts`.
 */
const engine = createEngine("history");

export const { options, setup, handleSummary } = engine;
export default engine.drive;
