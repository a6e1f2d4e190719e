import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { audit } from "../../../../../loadtest/analysis/audit/audit.ts";
import type { DriveOrder } from "../../../../../loadtest/drivers/contract.ts";
import type { Measurement } from "../../../../../loadtest/measurement/measurement.ts";
import { createK6Driver } from "../../../../../loadtest/drivers/k6/host/driver.ts";
import { createNodeDriver } from "../../../../../loadtest/drivers/node/driver.ts";
import { startOwnServer, type OwnServer } from "../../../../../loadtest/run/own-server.ts";
import { createServerClient } from "../../../../../loadtest/run/server-client.ts";
import { DEFAULT_DIALS } from "../../../../../loadtest/traffic/dials.ts";
import type { AuditReply } from "../../../../../server/protocol/http.ts";
import { DEVELOPMENT_SECRET } from "../../../../../server/protocol/secret.ts";
import { skipWithoutK6 } from "../../../../support/k6.ts";

const SHARDS = ["00", "01", "02"];
const dials = { ...DEFAULT_DIALS, users: 30, rate: 200, durationS: 2, warmupS: 0 };

function made({
  planned,
  sent,
  refused,
  unknown,
  hotOffered,
  delivered,
  offline,
  notConnected,
  generator,
  shards,
}: Measurement): object {
  const byShard = SHARDS.map((label) => {
    const { acked, sum, delivery, innocent, commit } = shards[label]!;
    return [acked, sum, delivery.count, innocent.count, commit.count];
  });
  const lags = generator.sendLag.count;
  return { planned, sent, refused, unknown, hotOffered, delivered, offline, notConnected, lags, byShard };
}

async function auditOf({ url, runId }: DriveOrder): Promise<AuditReply> {
  return createServerClient(url, DEVELOPMENT_SECRET).audit(runId);
}

describe("several k6", { skip: skipWithoutK6 }, () => {
  let data: string;
  let servers: OwnServer[];
  before(async () => {
    data = await mkdtemp(join(tmpdir(), "hotshard-k6-team-"));
    servers = await Promise.all(
      ["a", "b"].map((name) => startOwnServer(["--shards", "3", "--data", join(data, name)])),
    );
  });
  after(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop()));
    await rm(data, { recursive: true, force: true });
  });

  function orderOf(runId: string, server: number, more: Partial<DriveOrder> = {}): DriveOrder {
    const { url } = servers[server]!;
    return { runId, scenario: "lady-gaga", dials, url, secret: DEVELOPMENT_SECRET, shards: SHARDS, ...more };
  }

  test("make the messages of one Node process, to the same sums", async () => {
    const alone = orderOf("k6teamrun0", 0);
    const order = orderOf("k6teamrun0", 1, { generators: 3 });
    const measurement = await createK6Driver().drive(order);
    assert.deepEqual(made(measurement), made(await createNodeDriver().drive(alone)));
    assert.deepEqual([measurement.generator.processes, measurement.generator.lost], [3, []]);
    assert.deepEqual(await auditOf(order), await auditOf(alone));
    assert.equal(audit(measurement, await auditOf(order), []).match, true);
    assert.equal(
      new Set(measurement.slices.map(({ second, shard }) => `${second} ${shard}`)).size,
      measurement.slices.length,
    );
  });

  test("one that dies is told of; the others' messages and its own until then are kept", async () => {
    let killed = false;
    const order = orderOf("k6teamdead", 1, {
      generators: 2,
      dials: { ...dials, durationS: 5 },
      onProgress({ sent }) {
        if (killed || sent < 200) return;
        killed = true;
        process.kill(k6Pids()[0]!, "SIGKILL");
      },
    });
    const measurement = await createK6Driver().drive(order);
    assert.match(measurement.generator.lost!.join(), /^k6 \d of 2 ended by itself \(exit code null\)$/u);
    assert.ok(measurement.sent > 500, `${measurement.sent}`);
    assert.equal(audit(measurement, await auditOf(order), []).match, null);
  });
});

/** Process ids of the k6 that this process has started. */
function k6Pids(): number[] {
  const rows = execFileSync("ps", ["-e", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const fields = rows.map((row) => row.trim().split(/\s+/u));
  return fields.flatMap(([pid, ppid, program]) =>
    Number(ppid) === process.pid && program?.endsWith("k6") === true ? [Number(pid)] : [],
  );
}
