import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { createInputFaults } from "../../../../../loadtest/whatif/input/input-faults.ts";
import type { RowBatch } from "../../../../../loadtest/whatif/input/row-batch.ts";
import type { WhatIf } from "../../../../../loadtest/analysis/result/what-if.ts";
import { htmlWhatIf } from "../../../../../loadtest/report/reports.ts";
import { forecastLayouts } from "../../../../../loadtest/whatif/forecast-layouts.ts";
import { HANG_MS, needChromium, startChromium } from "../../../../support/chromium.ts";

const skip = needChromium();
const CHECKS = readFileSync(new URL("../../../../support/page-checks.js", import.meta.url), "utf8");
const SCREENS = [
  { name: "light", width: 1_200, colorScheme: "light" },
  { name: "dark", width: 1_200, colorScheme: "dark" },
  { name: "phone", width: 390, colorScheme: "light" },
] as const;

interface Question {
  readonly counts: readonly number[];
  readonly today: string;
  readonly shards: number;
  readonly timed?: boolean;
  readonly placements?: readonly string[];
  readonly fault?: boolean;
}

const QUESTIONS: Readonly<Record<string, Question>> = {
  zipf: { counts: Array.from({ length: 3_000 }, (_, i) => Math.ceil(9e7 / (i + 1))), today: "slots", shards: 4 },
  "a trace on rings": {
    counts: Array.from({ length: 2_000 }, (_, i) => 1 + (i % 5)),
    today: "ring:virtualNodes=20",
    shards: 12,
    timed: true,
    placements: ["ring:virtualNodes=1"],
    fault: true,
  },
  "one key on 64 shards": { counts: [7], today: "modulo", shards: 64 },
  "one shard": { counts: [3, 2, 1], today: "jump", shards: 1 },
};

function ask({ counts, today, shards, timed = false, placements = [], fault = false }: Question): Promise<WhatIf> {
  const faults = createInputFaults("in.csv");
  if (fault) faults.add("BAD_ROW", 17, () => "<b>1 column, not 2</b>; the line is left out");
  async function* rows(): AsyncGenerator<RowBatch> {
    yield {
      keys: counts.map((_, i) => `<i>key</i> ${i}`),
      counts: [...counts],
      times: timed ? counts.map((_, i) => 1_795_000_000_000 + Math.floor(i / 500) * 60_000) : [],
      lines: counts.map((_, i) => i + 1),
    };
  }
  return forecastLayouts({
    hotshard: "0.0.0",
    name: "in.csv",
    kind: "counts",
    rows: rows(),
    faults,
    today: { placement: today, shards, assumed: !timed, overrides: [] },
    placements,
    sizes: undefined,
    target: 1.25,
    command: "hotshard whatif in.csv",
    onProgress: () => undefined,
  });
}

let folder: string;
let browser: Browser;
const documents = new Map<string, WhatIf>();

if (skip === false) {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "hotshard-what-if-page-"));
    for (const [name, question] of Object.entries(QUESTIONS)) {
      const document = await ask(question);
      documents.set(name, document);
      await writeFile(join(folder, `${name}.html`), htmlWhatIf(document));
    }
    browser = await startChromium();
  });
  after(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });
}

for (const name of Object.keys(QUESTIONS)) {
  test(
    `${name}: loads nothing, fits every screen, no text on text, enough contrast, and says what was found`,
    { skip },
    async () => {
      const document = documents.get(name)!;
      const address = pathToFileURL(join(folder, `${name}.html`)).href;
      for (const { name: screen, width, colorScheme } of SCREENS) {
        const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
        page.setDefaultTimeout(HANG_MS);
        const complaints: string[] = [];
        page.on("request", (request) => {
          if (request.url() !== address && !request.url().startsWith("data:")) complaints.push(request.url());
        });
        page.on("console", (message) => complaints.push(message.text()));
        await page.goto(address);
        const check = (call: string): Promise<string[]> => page.evaluate(`${CHECKS}\npageChecks.${call}`);
        assert.deepEqual(await check("layoutFaults()"), [], screen);
        assert.deepEqual([...new Set(await check("faintTexts()"))], [], screen);
        assert.deepEqual(complaints, [], screen);
        const text = (await page.locator("main").innerText()).replaceAll("\u202f", " ");
        for (const { dialog } of document.topDialogs) assert.ok(text.includes(dialog), dialog);
        for (const advice of document.advice)
          assert.ok(text.includes(advice.text.replaceAll("\u202f", " ")), advice.text);
        for (const { maxOverMean, shards } of document.rows) {
          if (shards === document.today.shards) assert.ok(text.includes(`${maxOverMean.toFixed(2)} ×`));
        }
        assert.equal(text.includes("The worst minute"), QUESTIONS[name]!.timed === true);
        assert.equal(text.includes("BAD_ROW in.csv line 17"), QUESTIONS[name]!.fault === true);
        await page.close();
      }
    },
  );
}
