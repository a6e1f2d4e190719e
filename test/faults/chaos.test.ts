import assert from "node:assert/strict";
import { test } from "node:test";
import { findProgram } from "../../tools/stack/programs.ts";
import { MARIADB_REMEDY } from "../support/mariadb.ts";
import { need } from "../support/need.ts";
import { chaos, type ChaosOptions } from "./chaos.ts";

const noMariadb = need("mariadbd", await findProgram(["mariadbd"]), MARIADB_REMEDY);
/** Longer by `npm run test:faults`. */
const seconds = Number(process.env["HOTSHARD_FAULTS_S"] ?? 15);

const CASES: readonly (Pick<ChaosOptions, "databases" | "nodes" | "seed"> & { readonly name: string })[] = [
  { name: "two servers on one topology over five MariaDB", databases: 5, nodes: 2, seed: 1 },
  { name: "one server over SQLite", databases: 0, nodes: 1, seed: 2 },
];

for (const { name, ...options } of CASES) {
  test(
    `${name}: whatever fails or changes, nothing acknowledged is lost, shown twice or reordered`,
    {
      skip: options.databases > 0 && noMariadb,
    },
    async (t) => {
      const result = await chaos({ ...options, seconds, tell: () => undefined });
      const { faults, longestMs, lost, moved, reordered, said, strange, twice, verified } = result;
      t.diagnostic(`${said} messages, ${faults} faults, longest wait ${longestMs} ms, ${moved} moved once`);
      assert.deepEqual({ lost, twice, reordered, strange }, { lost: [], twice: [], reordered: [], strange: [] });
      assert.match(verified, /"differing":0,"twins":0/);
      assert.ok(said > 100 && faults > 3);
    },
  );
}
