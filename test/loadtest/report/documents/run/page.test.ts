import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { buildResult } from "../../../../../loadtest/analysis/build-result.ts";
import type { Result } from "../../../../../loadtest/analysis/result/result.ts";
import { writeRun } from "../../../../../loadtest/report/write.ts";
import { HANG_MS, needChromium, startChromium } from "../../../../support/chromium.ts";
import { runEvidence, type EvidenceOptions } from "../../../../support/run-evidence.ts";

const skip = needChromium();
const CHECKS = readFileSync(new URL("../../../../support/page-checks.js", import.meta.url), "utf8");

const RUNS: Readonly<Record<string, EvidenceOptions>> = {
  hot: { rate: 1_000 },
  invalid: { rate: 200, dropped: 400, lost: 3 },
  ring: { rate: 300, hotShare: 0, placement: "ring:virtualNodes=1" },
  many: { rate: 1_000, shards: 64, hotShare: 0.1 },
  one: { rate: 100, shards: 1, hotShare: 0 },
};

/** What a reader meets the report with. */
const SCREENS = [
  { name: "light", width: 1_200, height: 900, colorScheme: "light" },
  { name: "dark", width: 1_200, height: 900, colorScheme: "dark" },
  { name: "phone", width: 390, height: 844, colorScheme: "light" },
  { name: "small window", width: 780, height: 900, colorScheme: "dark" },
  { name: "paper", width: 690, height: 980, colorScheme: "dark", media: "print" },
] as const;

let folder: string;
let browser: Browser;
const results = new Map<string, Result>();

if (skip === false) {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "hotshard-page-"));
    for (const [name, options] of Object.entries(RUNS)) {
      const evidence = runEvidence(options);
      const result = withIntervals(buildResult(evidence));
      results.set(name, result);
      const { slices } = evidence.measurement;
      await writeRun(join(folder, name), { result, slices, dialogs: evidence.dialogs.dialogs });
    }
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });
}

/** As wide as those of a noisy run. */
function withIntervals(result: Result): Result {
  const rows = [
    { shard: null, delivery: result.latencyMs.delivery, commit: result.latencyMs.commit },
    ...result.shards.map(({ label, deliveryMs, commitMs }) => ({
      shard: label,
      delivery: deliveryMs,
      commit: commitMs,
    })),
  ];
  const latencyIntervals = rows.flatMap(({ shard, delivery, commit }) =>
    (
      [
        ["delivery.p50", delivery.p50],
        ["delivery.p99", delivery.p99],
        ["commit.p50", commit.p50],
        ["commit.p99", commit.p99],
      ] as const
    ).map(([metric, value]) => ({ metric, shard, low: value / 1.2, high: value * 1.3 })),
  );
  return { ...result, latencyIntervals };
}

interface Opened {
  readonly page: Page;
  /** Addresses that the page asked for, and what the console complained about. */
  readonly complaints: readonly string[];
}

async function open(name: string, screen: (typeof SCREENS)[number]): Promise<Opened> {
  const { width, height, colorScheme } = screen;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  page.setDefaultTimeout(HANG_MS);
  if ("media" in screen) await page.emulateMedia({ media: screen.media, colorScheme });
  const complaints: string[] = [];
  const address = pathToFileURL(join(folder, name, "report.html")).href;
  page.on("request", (request) => {
    if (request.url() !== address && !request.url().startsWith("data:")) complaints.push(`request ${request.url()}`);
  });
  page.on("console", (message) => complaints.push(`console ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error ${error.message}`));
  await page.goto(address);
  return { page, complaints };
}

for (const name of Object.keys(RUNS)) {
  test(`${name}: loads nothing, fits every screen, no text on text, enough contrast`, { skip }, async () => {
    for (const screen of SCREENS) {
      const { page, complaints } = await open(name, screen);
      const check = (call: string): Promise<string[]> => page.evaluate(`${CHECKS}\npageChecks.${call}`);
      assert.deepEqual(await check("layoutFaults()"), [], screen.name);
      assert.deepEqual([...new Set(await check("faintTexts()"))], [], screen.name);
      assert.deepEqual(complaints, [], screen.name);
      await page.close();
    }
  });
}

test("the first screen answers: verdict, which shard, how bad, why, what to do", { skip }, async () => {
  const result = results.get("hot")!;
  const { page } = await open("hot", SCREENS[0]);
  const hot = result.shards.toSorted((a, b) => b.stored! - a.stored!)[0]!;
  const visible = async (selector: string): Promise<string> => {
    const place = page.locator(selector).first();
    const box = (await place.boundingBox())!;
    assert.ok(box.y + box.height <= 900, `${selector} ends at ${box.y + box.height}`);
    return ((await place.textContent()) ?? "").replaceAll("\u202f", " ");
  };
  assert.match(await visible(".status"), /VALID/);
  const headline = await visible("h1");
  assert.ok(headline.includes(`Shard ${hot.label} takes ${(hot.share * 100).toFixed(1)} %`), headline);
  assert.ok(headline.includes(`${result.skew.maxOverMean.toFixed(2)} ×`), headline);
  assert.match(await visible(".lead"), /Cause: one dialog .* Split it over \d shards: 1\.\d\d ×/);
  assert.ok((await visible(".figures")).includes(`${result.skew.effectiveShards.toFixed(1)} of 4`));
  await visible("figure svg.wide");
  await page.close();
});

test(
  "every figure of the result is on the page, under its heading, in the order of the questions",
  { skip },
  async () => {
    const result = results.get("hot")!;
    const { page } = await open("hot", SCREENS[0]);
    const text = (await page.locator("main").innerText()).replaceAll("\u202f", " ");
    for (const { label, offered, stored } of result.shards) {
      assert.ok(
        text.includes(label) &&
          text.includes(offered.toLocaleString("en")) &&
          text.includes(stored!.toLocaleString("en")),
        `shard ${label}`,
      );
    }
    for (const { dialog } of result.hotDialogs) assert.ok(text.includes(dialog), dialog);
    for (const { factor } of Object.values(result.skew.causes!)) assert.ok(text.includes(`${factor.toFixed(2)} ×`));
    for (const { text: advice } of result.advice) assert.ok(text.includes(advice.replaceAll("\u202f", " ")), advice);
    for (const { placement } of result.whatIf.rows) assert.ok(text.includes(placement), placement);
    assert.ok(text.includes(result.run.command) && text.includes("shaped"));
    const headings = await page.locator("h2").allInnerTexts();
    assert.deepEqual(headings, [
      "Shard by shard, second by second",
      "Where the skew comes from",
      "The hot dialogs",
      "Latency by shard",
      "Blast radius",
      "Headroom",
      "What would fix it",
      "What if",
      "Audit",
      "The generator",
      "How to run this again",
    ]);
    const strips = await page.locator('svg[aria-labelledby^="heat"] >> visible=true').locator("path").count();
    assert.ok(strips >= 2 && strips <= 7, `one path per colour, not ${strips}`);
    assert.equal(await page.locator("table:not(:has(caption))").count(), 0);
    assert.equal(await page.locator("thead th:not([scope]), tbody th:not([scope])").count(), 0);
    await page.close();
  },
);

test("an invalid run says so on top and why, and its percentiles are grey", { skip }, async () => {
  const { page } = await open("invalid", SCREENS[0]);
  assert.equal(await page.locator(".status").innerText(), "INVALID");
  assert.match(await page.locator(".reasons").innerText(), /^DROPPED 400 of/);
  const filter = await page.evaluate('getComputedStyle(document.querySelector("#latency .grey")).filter');
  assert.equal(filter, "grayscale(1)");
  assert.equal(await page.locator("#latency table").evaluate((at) => at.closest(".grey") !== null), true);
  assert.match(await page.locator("#audit").innerText(), /not stored: at least 3 messages/);
  await page.close();
});
