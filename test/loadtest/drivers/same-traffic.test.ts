import assert from "node:assert/strict";
import { join } from "node:path";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import type { Driver } from "../../../loadtest/drivers/contract.ts";
import type { Measurement } from "../../../loadtest/measurement/measurement.ts";
import { createK6Driver } from "../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../loadtest/drivers/node/driver.ts";
import { loadScenario } from "../../../loadtest/drivers/own-scenario.ts";
import { startOwnServer } from "../../../loadtest/run/own-server.ts";
import { DEFAULT_DIALS } from "../../../loadtest/traffic/dials.ts";
import { DEVELOPMENT_SECRET } from "../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../support/k6.ts";

const EXAMPLE = join(import.meta.dirname, "../../../examples/support-desk.ts");
const SHARDS = ["00", "01", "02", "03"];
const CASES: readonly (readonly [string, Readonly<Record<string, number | string>>])[] = [
  [EXAMPLE, { agents: 3, durationS: 1 }],
  ["random", { arrivals: "ramp:50..250/2s,even", rate: 150, durationS: 2 }],
  ["flash-crowd", { burstAtS: 0.2, riseS: 0.3, decayS: 1, durationS: 4 }],
];

/** A machine that stalls for the two seconds in which a crowd connects is late for what it was to write. */
const TRIES = 4;

/** Everything that does not depend on how fast the machine is. */
function facts({ planned, sent, refused, unknown, hotOffered, delivered, offline, notConnected, shards }: Measurement) {
  const acked = SHARDS.map((label) => shards[label]?.acked);
  return { planned, sent, refused, unknown, hotOffered, delivered, offline, notConnected, acked };
}

for (const [scenario, more] of CASES) {
  test(
    `${scenario.split("/").at(-1)} is the same by k6 and by Node, joins included`,
    { skip: skipWithoutK6 },
    async (t) => {
      const data = await mkdtemp(join(tmpdir(), "hotshard-same-"));
      t.after(() => rm(data, { recursive: true, force: true }));
      const server = await startOwnServer(["--data", data]);
      t.after(() => server.stop());
      await loadScenario(scenario);
      const dials = { ...DEFAULT_DIALS, users: 60, rate: 150, warmupS: 0.2, ...more };
      const drive = async (driver: Driver) => {
        for (let left = TRIES; ; left -= 1) {
          const runId = `same${driver.name}${left}`.padEnd(10, "0");
          const order = { runId, scenario, dials, url: server.url, secret: DEVELOPMENT_SECRET, shards: SHARDS };
          const found = facts(await driver.drive(order));
          if (found.notConnected === 0 || left === 1) return found;
          t.diagnostic(`this busy machine was late for ${found.notConnected} messages, so ${driver.name} plays again`);
        }
      };
      const byNode = await drive(createNodeDriver());
      assert.deepEqual(await drive(createK6Driver()), byNode);
      assert.equal(byNode.notConnected + byNode.unknown + byNode.refused, 0);
      assert.equal(byNode.delivered + byNode.offline, byNode.planned);
    },
  );
}
