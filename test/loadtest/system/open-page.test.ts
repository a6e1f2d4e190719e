import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openPage } from "../../../loadtest/system/open-page.ts";

const folder = mkdtempSync(join(tmpdir(), "hotshard-open-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A browser that writes down what it was asked to show. */
function browser(name: string, code: number): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" > "${path}.asked"\nexit ${code}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("hands the page to the browser as one argument, whatever its folder is called", async () => {
  browser("xdg-open", 0);
  browser("open", 0);
  const page = join(folder, "a b;$(touch x)&'c", "report.html");
  for (const [platform, program] of [
    ["linux", "xdg-open"],
    ["darwin", "open"],
  ] as const) {
    assert.equal(await openPage(page, { PATH: `${folder}:/bin:/usr/bin` }, platform), null);
    const asked = readFileSync(join(folder, `${program}.asked`), "utf8");
    assert.match(asked, /^file:\/\/\/[^\n]*a%20b;\$\(touch%20x\)&'c\/report\.html\n$/u);
  }
});

test("BROWSER names another one", async () => {
  const own = browser("own", 0);
  assert.equal(await openPage("report.html", { BROWSER: own }, "linux"), null);
  assert.match(readFileSync(`${own}.asked`, "utf8"), /^file:\/\/.*\/report\.html\n$/u);
});

test("where there is no browser, or it fails, a line says so and where the page is", async () => {
  const missing = await openPage("runs/a/report.html", { PATH: "/nowhere" }, "linux");
  assert.match(missing!, /no xdg-open here\); open \/.*runs\/a\/report\.html yourself/u);
  const failing = await openPage("report.html", { BROWSER: browser("sad", 3) }, "linux");
  assert.match(failing!, /sad ended with 3\); open/u);
});
