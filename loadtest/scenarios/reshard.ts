import { createEngine } from "../drivers/k6/script/engine.ts";

/** `k6 run -e URL=ws://127.0.0.1:8086/chat loadtest/scenarios/reshard.ts`; the story is `traffic/stories/reshard.ts`. */
const engine = createEngine("reshard");

export const { options, setup, handleSummary } = engine;
export default engine.drive;
