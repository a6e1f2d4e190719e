import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { MessageRow } from "../server/shards/contract.ts";
import { createStore } from "../server/shards/open-store.ts";
import { parseShardUrl } from "../server/shards/url.ts";
import { startMariadb } from "../test/support/mariadb.ts";

export interface StorageRow {
  readonly engine: "sqlite" | "mysql";
  /** Rows of one commit. */
  readonly group: number;
  readonly rowsPerS: number;
  /** CPU of this whole process (the shard's thread too, not the database server's) per row, microseconds. */
  readonly cpuMicros: number;
  /** One commit, milliseconds. */
  readonly commitMs: number;
}

const GROUPS = [1, 25, 100];
const USERS = 500;

/**
 * Durable inserts into one shard, one commit after the other, on SQLite and, where it is installed, MariaDB.
 *
 * @param seconds for each engine and group, after a third of it as warm-up
 */
export async function benchStorage(seconds: number): Promise<StorageRow[]> {
  const folder = mkdtempSync(join(tmpdir(), "hotshard-bench-"));
  const mariadb = await startMariadb();
  try {
    const rows: StorageRow[] = [];
    for (const group of GROUPS) {
      rows.push(await benchStore(`sqlite:${join(folder, `${group}.db`)}`, group, seconds));
      if (mariadb !== null) rows.push(await benchStore(mariadb.url(`bench_${group}`), group, seconds));
    }
    return rows.toSorted((a, b) => (a.engine === b.engine ? a.group - b.group : a.engine === "sqlite" ? -1 : 1));
  } finally {
    await mariadb?.stop();
    rmSync(folder, { recursive: true });
  }
}

async function benchStore(url: string, group: number, seconds: number): Promise<StorageRow> {
  const store = createStore(parseShardUrl(url));
  const fence = { node: 0, incarnation: 1, epoch: 0 };
  await store.open(async (session) => {
    await session.claim("0".repeat(32));
    await session.admit(fence, 0n);
  });
  const next = messages();
  const insert = () => store.insert(Array.from({ length: group }, next), fence);
  await insertFor(insert, seconds / 3);
  const { commits, cpuMicros, elapsedMs } = await insertFor(insert, seconds);
  await store.close();
  const rows = commits * group;
  return {
    engine: store.engine,
    group,
    rowsPerS: (rows / elapsedMs) * 1_000,
    cpuMicros: cpuMicros / rows,
    commitMs: elapsedMs / commits,
  };
}

async function insertFor(
  insert: () => Promise<unknown>,
  seconds: number,
): Promise<{ commits: number; cpuMicros: number; elapsedMs: number }> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let commits = 0;
  let elapsedMs = 0;
  do {
    await insert();
    commits += 1;
    elapsedMs = performance.now() - start;
  } while (elapsedMs < seconds * 1_000);
  const { user, system } = process.cpuUsage(cpu);
  return { commits, cpuMicros: user + system, elapsedMs };
}

/** Messages of about 50 characters between pairs that spread over the whole key range, as chat does. */
function messages(): () => MessageRow {
  let count = 0;
  return () => {
    count += 1;
    const author = 1 + ((count * 7_919) % USERS);
    const recipient = USERS + 1 + ((count * 104_729) % USERS);
    return {
      dialog: `${author}_${recipient}`,
      id: String(4_000_000_000_000_000_000n + BigInt(count)),
      author,
      recipient,
      client: `bench-${count}`,
      text: `message ${count}, about as long as what people write`,
    };
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { engine, group, rowsPerS, cpuMicros, commitMs } of await benchStorage(2)) {
    const cells = [engine.padEnd(6), `group ${group}`.padEnd(9), `${rowsPerS.toFixed(0)} rows/s`.padStart(14)];
    process.stdout.write(
      `${cells.join(" ")} ${cpuMicros.toFixed(1)} µs CPU a row, ${commitMs.toFixed(2)} ms a commit\n`,
    );
  }
}
