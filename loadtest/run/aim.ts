import { ConfigError } from "../../server/config-error.ts";
import type { Topology } from "../../server/placement/contract.ts";
import { dialogId } from "../../server/placement/dialog.ts";
import { compileTopology } from "../../server/placement/router.ts";
import { SOME_MOMENT } from "../analysis/skew/moment.ts";
import { onlyNewest } from "../analysis/skew/newest-segment.ts";
import type { Aim, Dials } from "../traffic/contract.ts";
import { findScenario } from "../traffic/stories/registry.ts";

/**
 * Turns dials that say an effect into dials that have it on the server's current placement.
 *
 * @throws {ConfigError} OUT_OF_REACH when no dials have it
 */
export function takeAim(reference: string, dials: Dials, topology: Topology): Aim {
  const scenario = findScenario(reference);
  if (scenario?.needsAim(dials) !== true) return { dials, maxOverMean: null };
  const router = compileTopology(onlyNewest(topology));
  const aim = scenario.aim(dials, {
    shards: router.labels.length,
    place: (author, to) => router.place({ dialog: dialogId(author, to), id: SOME_MOMENT, author, client: "" }),
  });
  if ("fault" in aim) throw new ConfigError("OUT_OF_REACH", aim.fault);
  return aim;
}
