import assert from "node:assert/strict";
import { test } from "node:test";
import { createPacedPage } from "../../../server/observability/paced-page.ts";
import { virtualClock } from "../../support/virtual-clock.ts";

const BUILD_MS = 5;

test("scrapers in a storm share pages: building them takes a tenth of the time, and none is old", async () => {
  const clock = virtualClock();
  let built = 0;
  const build = async (format: string) => {
    await new Promise<void>((resolve) => void clock.after(BUILD_MS, resolve));
    return `${format} ${++built}`;
  };
  const pages = createPacedPage(build, clock);
  const storm = new AbortController();
  const scraper = async (format: "text" | "openmetrics"): Promise<void> => {
    while (!storm.signal.aborted) {
      const before = built;
      const [name, number] = (await pages.get(format)).split(" ");
      assert.equal(name, format);
      assert.ok(Number(number) > before, "a page was begun before it was asked for");
    }
  };
  const scrapers = Array.from({ length: 50 }, (_, index) => scraper(index % 2 === 0 ? "text" : "openmetrics"));
  await clock.turn();
  await clock.advance(1_000 * BUILD_MS);
  assert.ok(built >= 99 && built <= 101, `${built} pages`);
  storm.abort();
  await clock.advance(100 * BUILD_MS);
  await Promise.all(scrapers);
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
