import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Driver } from "../loadtest/drivers/contract.ts";
import { parseDials } from "../loadtest/traffic/dials.ts";
import { findScenario } from "../loadtest/traffic/stories/registry.ts";
import { DEVELOPMENT_SECRET } from "../server/protocol/secret.ts";
import type { Subject } from "./subject.ts";

export interface MemoryRow {
  /** Messages sent by then. */
  readonly messages: number;
  /** Live objects of the generator after a collection, megabytes of 1,000,000 bytes. */
  readonly driverMegabytes: number;
  /** Resident memory of the server. */
  readonly serverMegabytes: number;
}

/** Few users, so that every dialog is known early: after that nothing has a reason to grow. */
const DIALS = { users: "100", "offline-share": "0", rate: "5000", duration: "90s", warmup: "0s" };
/** Seconds at which memory is read. */
const READ_AT = [30, 60, 90];

/** What a third, two thirds and all of a run leave in the memory of generator and server. */
export async function measureLongRun(driver: Driver, subject: Subject): Promise<MemoryRow[]> {
  const parsed = parseDials(findScenario("random")!, DIALS);
  if ("faults" in parsed) throw new Error(parsed.faults.join(" "));
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const rows: MemoryRow[] = [];
  const read = (messages: number): void => {
    collect();
    rows.push({
      messages,
      driverMegabytes: process.memoryUsage().heapUsed / 1e6,
      serverMegabytes: subject.residentBytes() / 1e6,
    });
  };
  await driver.drive({
    runId: Math.random().toString(36).slice(2, 12).padEnd(10, "0"),
    scenario: "random",
    dials: parsed.dials,
    url: subject.url,
    secret: DEVELOPMENT_SECRET,
    shards: ["00", "01", "02", "03"],
    onProgress({ elapsedS, sent }) {
      if (elapsedS >= (READ_AT[rows.length] ?? Infinity) - 1) read(sent);
    },
  });
  return rows;
}
