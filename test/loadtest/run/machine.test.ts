import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { totalmem, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { machineFacts } from "../../../loadtest/run/machine.ts";
import { machineInWords } from "../../../loadtest/report/words/machine.ts";
import { MACHINE } from "../../support/run-evidence.ts";

test("the facts of this machine, with the commit of a working tree and whether it was changed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "hotshard-machine-"));
  t.after(() => rm(folder, { recursive: true }));
  const facts = await machineFacts(false, folder);
  assert.ok(facts.cores > 0 && facts.cpu !== "" && facts.kernel.includes(" "), JSON.stringify(facts));
  assert.equal(facts.memory, totalmem());
  assert.equal(facts.node, process.versions.node);
  assert.equal("k6" in facts || "commit" in facts, false, "not asked for, and no checkout");

  // The tests of a hook must not work in the repository that the hook runs for.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_")));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, env, encoding: "utf8" }).trim();
  try {
    git("init", "--quiet");
  } catch {
    t.skip("git is not installed");
    return;
  }
  await writeFile(join(folder, "a.txt"), "a\n");
  git("add", "a.txt");
  git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "a");
  const commit = git("rev-parse", "--short=12", "HEAD");
  assert.equal((await machineFacts(false, folder)).commit, commit);
  await writeFile(join(folder, "a.txt"), "b\n");
  assert.equal((await machineFacts(false, folder)).commit, `${commit}-dirty`);
});

test("a machine in words, with the units of each figure", () => {
  assert.equal(machineInWords(MACHINE), "8 cores of Test processor, 16 GiB, Linux 6.12.0; Node 26.10.0");
  const contained = {
    ...MACHINE,
    cores: 1.5,
    k6: "v2.2.0",
    commit: "06a265598a1c-dirty",
    limits: { cores: 1.5, memory: 512 * 2 ** 20 },
  };
  assert.equal(
    machineInWords(contained),
    "1.5 cores of Test processor, 16 GiB, Linux 6.12.0; Node 26.10.0, k6 v2.2.0; commit 06a265598a1c-dirty; " +
      "its container may use 1.5 cores and 512 MiB",
  );
});
