import { globSync } from "node:fs";
import { availableParallelism, constants } from "node:os";
import { resolve } from "node:path";
import { run } from "node:test";
import type { EventData, TestsStream } from "node:test";
import { spec } from "node:test/reporters";
import { endDescendants } from "./support/descendants.ts";

/**
 * `npm test [-- PATTERN…]`: runs the test files that match (all by default), each in a process of its own.
 *
 * Exit code 1 when a test fails or none was executed; with `CI=true` also when one was skipped, since there a skip
 * hides that something was not tested. Whatever happens, no process that it or a test has started is left running.
 */
const patterns = process.argv.slice(2);
const files = globSync(patterns.length > 0 ? patterns : ["test/**/*.test.ts"])
  .map((file) => resolve(file))
  .sort(bySlowness);

/** Far above what any test takes on a busy machine: it turns a hang into a failure that names the test. */
const TEST_MS = Number(process.env["HOTSHARD_TEST_LIMIT_MS"] ?? 900_000);
/** A file of which nothing is heard for longer has ended its tests and does not end, or is stuck in a loop. */
const SILENCE_MS = 1.5 * TEST_MS;

const skipsFail = process.env["CI"] === "true";
const skipped: string[] = [];
let executed = 0;
let failed = files.length === 0;
const faults: string[] = [];
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    endDescendants();
    process.exit(128 + constants.signals[signal]);
  });

/** The files that start servers and wait for them go first, so that the short ones fill the gaps at the end. */
function bySlowness(a: string, b: string): number {
  return haste(a) - haste(b) || a.localeCompare(b);
}

function haste(file: string): number {
  return /\/(?:e2e|loadtest)\//u.test(file) ? 0 : 1;
}

/** A suite is no test, and the runner reports a file without tests as one test with the file's name. */
function isTest(data: EventData.TestPass | EventData.TestFail): boolean {
  return data.details.type !== "suite" && resolve(data.name) !== data.file;
}

/** These judge latencies and generators: another test beside them would be what they measure. */
const ALONE = /\/test\/e2e\//u;

await runFiles(
  files.filter((file) => ALONE.test(file)),
  1,
);
await runFiles(
  files.filter((file) => !ALONE.test(file)),
  Math.min(2, availableParallelism()),
);

async function runFiles(some: string[], concurrency: number): Promise<void> {
  if (some.length === 0) return;
  const stream = run({ files: some, concurrency, timeout: TEST_MS });
  const watch = watchSilence(stream);
  stream.on("test:pass", (data) => {
    // A skipped suite is one line, and its tests are not reported.
    if (data.skip !== undefined)
      skipped.push(`${data.name} (${typeof data.skip === "string" ? data.skip : "no reason"})`);
    else if (isTest(data)) executed += 1;
  });
  stream.on("test:fail", (data) => {
    // A failed `todo` is expected to fail.
    if (data.todo !== undefined) return;
    failed = true;
    if (isTest(data)) executed += 1;
  });
  // Says so when a file ended badly after its last test, e.g. by a rejection that nobody handled.
  stream.on("test:summary", (data) => {
    if (!data.success) failed = true;
  });
  for await (const text of stream.compose(spec)) process.stdout.write(String(text));
  clearInterval(watch);
}

/** Ends the files that run when nothing is heard of any: one of them would be waited for until the end of the days. */
function watchSilence(stream: TestsStream): NodeJS.Timeout {
  let heardAt = performance.now();
  const hear = () => void (heardAt = performance.now());
  // These are told as they happen, the others file by file.
  stream.on("test:dequeue", hear).on("test:complete", hear);
  return setInterval(() => {
    if (performance.now() - heardAt < SILENCE_MS) return;
    for (const file of endDescendants()) if (files.includes(file)) faults.push(`${file} does not end`);
    hear();
  }, SILENCE_MS / 10);
}

if (executed === 0)
  faults.push(`no test was executed (${files.length} files match ${patterns.join(" ") || "test/**/*.test.ts"})`);
if (skipsFail && skipped.length > 0) {
  faults.push(
    `skipped, and CI=true allows no skip; \`npm run verify\` brings what is missing:\n  ${skipped.join("\n  ")}`,
  );
}
for (const fault of faults) process.stderr.write(`npm test: ${fault}\n`);
process.exitCode = failed || faults.length > 0 ? 1 : 0;
