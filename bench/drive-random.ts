import type { Driver, DriveOrder } from "../loadtest/drivers/contract.ts";
import type { Measurement } from "../loadtest/measurement/measurement.ts";
import { parseDials } from "../loadtest/traffic/dials.ts";
import { findScenario } from "../loadtest/traffic/stories/registry.ts";
import { DEVELOPMENT_SECRET } from "../server/protocol/secret.ts";
import type { Subject } from "./subject.ts";

/** Random traffic between users who are all on line. @param dials options of the scenario, as on the command line */
export function driveRandom(
  driver: Driver,
  subject: Subject,
  dials: Readonly<Record<string, string>>,
  onProgress?: DriveOrder["onProgress"],
): Promise<Measurement> {
  const parsed = parseDials(findScenario("random")!, { ...dials, "offline-share": "0" });
  if ("faults" in parsed) throw new Error(parsed.faults.join(" "));
  return driver.drive({
    runId: Math.random().toString(36).slice(2, 12).padEnd(10, "0"),
    scenario: "random",
    dials: parsed.dials,
    url: subject.url,
    secret: DEVELOPMENT_SECRET,
    shards: ["00", "01", "02", "03"],
    ...(onProgress !== undefined && { onProgress }),
  });
}
