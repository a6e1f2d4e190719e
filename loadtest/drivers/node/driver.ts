import type { Driver } from "../contract.ts";
import { askPrometheus } from "../prometheus/receiver.ts";
import { storyOf } from "../part.ts";
import { ALONE, generate } from "./generator.ts";
import { driveWorkers } from "./worker-pool.ts";

/** How long answers and deliveries are waited for after the end of the schedule, ms. */
const DRAIN_MS = 10_000;

/**
 * The built-in generator: no program needed but Node. Open model; memory grows with users, dialogs and seconds, not
 * with messages. One thread in this process, or `order.generators` processes that share the story's lanes out.
 *
 * @param drainMs for tests that lose answers on purpose
 */
export function createNodeDriver(drainMs = DRAIN_MS): Driver {
  return {
    name: "node",
    unavailable: async () => null,
    async drive(order) {
      if (order.prometheus !== undefined) await askPrometheus(order.prometheus);
      const count = Math.min(order.generators ?? 1, storyOf(order).lanes().length);
      return count > 1 ? driveWorkers(order, count, drainMs) : generate(order, ALONE, drainMs);
    },
  };
}
