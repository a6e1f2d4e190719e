import assert from "node:assert/strict";
import { test } from "node:test";
import { createPacedPage } from "../../../server/observability/paced-page.ts";

const BUSY_MS = 5;

function burn(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test("scrapers in a storm share pages: building them takes about a tenth of the time, and none is old", async () => {
  let built = 0;
  const pages = createPacedPage(async (format) => {
    burn(BUSY_MS);
    return `${format} ${++built}`;
  });
  const start = performance.now();
  const scraper = async (format: "text" | "openmetrics"): Promise<void> => {
    while (performance.now() - start < 600) {
      const before = built;
      const [name, number] = (await pages.get(format)).split(" ");
      assert.equal(name, format);
      assert.ok(Number(number) > before, "a page was begun before it was asked for");
    }
  };
  await Promise.all(Array.from({ length: 50 }, (_, index) => scraper(index % 2 === 0 ? "text" : "openmetrics")));
  const took = performance.now() - start;
  assert.ok(built >= 2, "they wait, but not for ever");
  assert.ok((built * BUSY_MS) / took < 0.15, `${built} pages in ${took} ms`);
});

test("a page that fails fails its scrapers and no later one", async () => {
  let fails = true;
  const pages = createPacedPage(async () => {
    if (fails) throw new Error("no page");
    return "page";
  });
  await assert.rejects(pages.get("text"), /no page/);
  fails = false;
  assert.equal(await pages.get("text"), "page");
});
