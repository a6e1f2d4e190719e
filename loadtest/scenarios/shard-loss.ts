import { createEngine } from "../drivers/k6/script/engine.ts";

/** `k6 run -e URL=ws://127.0.0.1:8086/chat loadtest/scenarios/shard-loss.ts`; the story is `traffic/stories/shard-loss.ts`. */
const engine = createEngine("shard-loss");

export const { options, setup, handleSummary } = engine;
export default engine.drive;
