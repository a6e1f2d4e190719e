import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { promisify } from "node:util";
import { cachedK6, findK6, K6_VERSION } from "../../../loadtest/drivers/k6/host/binary.ts";
import { installK6 } from "../../../tools/stack/k6-install.ts";

const run = promisify(execFile);
const SYSTEM = { linux: "linux", darwin: "macos", win32: "windows" }[process.platform as string] ?? "linux";
const FOLDER = `k6-${K6_VERSION}-${SYSTEM}-${process.arch === "arm64" ? "arm64" : "amd64"}`;
const ARCHIVE = `${FOLDER}.${SYSTEM === "linux" ? "tar.gz" : "zip"}`;

async function scratch(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hotshard-install-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that says what k6 says of its version. */
async function fakeK6(path: string, version: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "k6 ${version} (go1.26.0, linux/amd64)"\n`);
  await chmod(path, 0o755);
}

/** The environment of a machine without Go, with an own cache. */
function environment(cache: string): Record<string, string> {
  return { HOTSHARD_CACHE: cache, PATH: "/nowhere", HOTSHARD_GO: "/nowhere/go" };
}

/** Serves an archive with a fake k6 as the project's releases would, with the checksum `sum` makes of the true one. */
async function releases(t: TestContext, sum: (sha256: string) => string): Promise<string> {
  const folder = await scratch(t);
  await fakeK6(join(folder, FOLDER, "k6"), K6_VERSION);
  await run("tar", ["-czf", join(folder, "archive"), "-C", folder, FOLDER]);
  const archive = await readFile(join(folder, "archive"));
  const sha256 = createHash("sha256").update(archive).digest("hex");
  const sums = `0123  another-file.rpm\n${sum(sha256)}  ${ARCHIVE}\n`;
  const files: Record<string, string | Buffer> = {
    [`/${K6_VERSION}/k6-${K6_VERSION}-checksums.txt`]: sums,
    [`/${K6_VERSION}/${ARCHIVE}`]: archive,
  };
  const server = createServer((request, response) => {
    const file = files[request.url ?? ""];
    response.writeHead(file === undefined ? 404 : 200).end(file);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("the release archive is brought, checked and found again, also by two calls at once", async (t) => {
  const env = environment(await scratch(t));
  const base = await releases(t, (sha256) => sha256);
  assert.equal(await findK6(env), null);
  const paths = await Promise.all([installK6({ env, releases: base }), installK6({ env, releases: base })]);
  assert.deepEqual(paths, [cachedK6(env), cachedK6(env)]);
  assert.equal(await findK6(env), cachedK6(env));
  assert.deepEqual(await readdir(dirname(cachedK6(env))), ["k6"], "leaves nothing else behind");
  // Nothing is asked of the network once it is there.
  assert.equal(await installK6({ env, releases: "http://127.0.0.1:9" }), cachedK6(env));
});

test("an archive with another checksum is refused; without Go the reasons of both ways are told", async (t) => {
  const env = environment(await scratch(t));
  const base = await releases(t, () => "0".repeat(64));
  const lines: string[] = [];
  const install = installK6({ env, releases: base, onProgress: (line) => lines.push(line) });
  await assert.rejects(install, (error: Error & { code?: string }) => {
    assert.equal(error.code, "K6_UNAVAILABLE");
    assert.match(error.message, /download: .*SHA-256.*build: .*Go.*HOTSHARD_K6/su);
    return true;
  });
  assert.equal(await findK6(env), null);
  assert.deepEqual(await readdir(dirname(cachedK6(env))), []);
  assert.ok(lines.some((line) => line.includes("downloading")));
});

test("a k6 of another major version on PATH is passed over, and refused when it is named", async (t) => {
  const folder = await scratch(t);
  const [old, good] = [join(folder, "old"), join(folder, "good")];
  await fakeK6(join(old, "k6"), "v1.7.0");
  await fakeK6(join(good, "k6"), "v2.9.1");
  const env = { ...environment(folder), PATH: `${old}:${good}:${process.env["PATH"]}` };
  assert.equal(await findK6(env), join(good, "k6"));
  await assert.rejects(findK6({ ...env, HOTSHARD_K6: join(old, "k6") }), { code: "BAD_K6" });
  await assert.rejects(findK6({ ...env, HOTSHARD_K6: join(folder, "nothing") }), { code: "BAD_K6" });
});
