import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { buildResult } from "../../../loadtest/analysis/build-result.ts";
import type { Slice } from "../../../loadtest/measurement/measurement.ts";
import { eachSlice, readDialogs, readResult } from "../../../loadtest/report/run-folder.ts";
import { rewriteReports, RUN_FILES, writeRun } from "../../../loadtest/report/write.ts";
import { histogramOf } from "../analysis/measurement.ts";
import { HOT_DIALOG, runEvidence } from "../../support/run-evidence.ts";

const evidence = runEvidence({ rate: 200, overrides: [{ dialog: HOT_DIALOG, action: "split", shards: ["00", "02"] }] });
const record = {
  result: buildResult(evidence),
  slices: evidence.measurement.slices,
  dialogs: evidence.dialogs.dialogs,
};

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "hotshard-report-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function slicesOf(folder: string): Promise<Slice[]> {
  const slices: Slice[] = [];
  await eachSlice(folder, (slice) => slices.push(slice));
  return slices;
}

test("a run's folder holds everything, and gives it back", () =>
  inFolder(async (parent) => {
    const folder = join(parent, "new", "run");
    const times = histogramOf(40, 5);
    await writeRun(folder, { ...record, latency: { delivery: times, service: times } });
    const files = await readdir(folder);
    assert.deepEqual(files.sort(), RUN_FILES.toSorted());
    assert.deepEqual(await readResult(folder), record.result);
    assert.deepEqual(await slicesOf(folder), record.slices);
    const csv = gunzipSync(await readFile(join(folder, "dialogs.csv.gz"))).toString();
    assert.match(csv, new RegExp(`^dialog,count\n${HOT_DIALOG},\\d+\n`));
    const dialogs = (await readDialogs(folder))!;
    assert.equal(dialogs.length, record.result.skew.distinctDialogs, "the parts of a split dialog are one line");
    assert.equal(
      dialogs.reduce((sum, { count }) => sum + count, 0),
      record.result.audit.stored,
    );
  }));

test("report makes the same pages again, with result.json alone if need be", () =>
  inFolder(async (folder) => {
    await writeRun(folder, record);
    const before = await readFile(join(folder, "report.html"), "utf8");
    for (const name of ["report.html", "report.md", "junit.xml"]) await rm(join(folder, name));
    await rewriteReports(folder);
    assert.equal(await readFile(join(folder, "report.html"), "utf8"), before);
    await rm(join(folder, "slices.ndjson"));
    await rm(join(folder, "dialogs.csv.gz"));
    await rewriteReports(folder);
    assert.equal(await readDialogs(folder), null);
    assert.ok(!(await readFile(join(folder, "report.html"), "utf8")).includes('id="time"'));
  }));

test("a folder without a result, and broken slices, are named", () =>
  inFolder(async (folder) => {
    await assert.rejects(readResult(folder), { code: "NO_RESULT" });
    await writeRun(folder, record);
    await writeFile(
      join(folder, "slices.ndjson"),
      '{"second":1,"shard":"00","acked":2,"deliveryMs":null}\n{"second":\n',
    );
    await assert.rejects(slicesOf(folder), { code: "BAD_RESULT", message: /slices\.ndjson line 2/ });
    await writeFile(join(folder, "dialogs.csv.gz"), gzipSync("dialog,count\n1_2,3\n1_3,many\n"));
    await assert.rejects(readDialogs(folder), { code: "BAD_RESULT", message: /dialogs\.csv\.gz line 3/ });
    await writeFile(join(folder, "dialogs.csv.gz"), "not gzip");
    await assert.rejects(readDialogs(folder), { code: "BAD_RESULT", message: /cannot be unpacked/ });
  }));
