import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test, type TestContext } from "node:test";
import Fastify from "fastify";
import type { Browser, Page } from "playwright-core";
import { STYLE } from "../../../../loadtest/report/render/style.ts";
import { livePage } from "../../../../server/edge/live/live.ts";
import { auth } from "../../../../server/edge/http/auth.ts";
import { apiErrors } from "../../../../server/edge/http/api-error.ts";
import type { ShardsReply } from "../../../../server/protocol/http.ts";
import { connect } from "../../../support/chat-client.ts";
import { HANG_MS, needChromium, startChromium } from "../../../support/chromium.ts";
import { metricValue, scrape } from "../../../support/metrics.ts";
import { applied } from "../../../support/operator.ts";
import { startServer, unusedPort, type TestServer } from "../../../support/server.ts";
import { signToken, tokenOf } from "../../../support/token.ts";
import { fakeSources } from "./fake-sources.ts";
import { NO_GUARD } from "../../../support/no-guard.ts";

/** The browser's own module, which has no types here. */
const format = new URL("../../../../server/edge/live/page/format.js", import.meta.url).href;
const { growth, perSecond } = (await import(format)) as Record<"growth" | "perSecond", (value: number) => string>;
const skip = needChromium();
const CHECKS = readFileSync(new URL("../../../support/page-checks.js", import.meta.url), "utf8");
const SCREENS = [
  { name: "light", width: 1_200, height: 900, colorScheme: "light" },
  { name: "dark", width: 1_200, height: 900, colorScheme: "dark" },
  { name: "phone", width: 390, height: 844, colorScheme: "light" },
  { name: "dark phone", width: 320, height: 640, colorScheme: "dark" },
] as const;

let browser: Browser;
if (skip === false) {
  before(async () => {
    browser = await startChromium();
  });
  after(() => browser?.close());
}

interface Opened {
  readonly page: Page;
  /** Requests to elsewhere, and what the console complained about. */
  readonly complaints: string[];
  readonly addresses: string[];
}

async function open(url: string, screen: (typeof SCREENS)[number] = SCREENS[0]): Promise<Opened> {
  const { width, height, colorScheme } = screen;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
  page.setDefaultTimeout(HANG_MS);
  const complaints: string[] = [];
  const addresses: string[] = [];
  page.on("request", (request) => {
    addresses.push(request.url());
    if (new URL(request.url()).origin !== url) complaints.push(`request ${request.url()}`);
  });
  page.on("console", (message) => complaints.push(`console ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error ${error.message}`));
  await page.goto(url);
  return { page, complaints, addresses };
}

const words = async (page: Page, selector: string): Promise<string> =>
  ((await page.locator(selector).first().textContent()) ?? "").replaceAll("\u202f", " ");

/** Waits by a locator: the page's own policy forbids the `eval` that `waitForFunction` polls with. */
const says = (page: Page, selector: string, pattern: RegExp): Promise<void> =>
  page.locator(selector).filter({ hasText: pattern }).first().waitFor({ state: "attached", timeout: HANG_MS });

/** Resolves when everything that was to be painted is. */
const TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";

/** By how much the page is wider than its window, and the figures than their columns, px. */
const TOO_WIDE = `[...document.querySelectorAll(":root, .figures dd:not(.note)")]
  .map((element) => element.scrollWidth - element.clientWidth)`;

/** The widest that each of them may say: see \`format.js\` and \`live.js\`. */
const WIDEST = `(() => {
  const figures = ["64.00\u202f×", "64.0 of 64", "> 1,000\u202f×", "88.88\u202fM/s"];
  document.querySelectorAll(".figures dd:not(.note)").forEach((dd, i) => (dd.textContent = figures[i]));
  document.querySelector("#state").textContent = "no answer, trying again";
  document.querySelector("#pause").textContent = "Go on";
})()`;

/** Half of the messages go to one dialog, the rest to many, until told to stop. */
async function ladyGaga(server: TestServer): Promise<() => Promise<void>> {
  const clients = await Promise.all([1, 2, 3, 4].map((user) => connect(server.chat, user)));
  const end = new AbortController();
  let sent = 0;
  const work = clients.map(async (client, i) => {
    while (!end.signal.aborted) {
      const frames = Array.from({ length: 40 }, (_, n) => ({
        type: "send",
        id: `m${(sent += 1)}`,
        to: i === 0 || n % 3 === 0 ? (i < 2 ? 2 - i : 1_000 + sent) : 1_000 + sent,
        text: "x",
      }));
      client.send(...frames);
      for (let n = 0; n < frames.length; n++) await client.next("ack");
    }
  });
  return async () => {
    end.abort();
    await Promise.all(work);
    await Promise.all(clients.map((client) => client.close()));
  };
}

/** The plugin alone, over counters of the test's own. */
async function startAlone(t: TestContext, options: { shards: number; unused?: number; intervalMs: number }) {
  const sources = fakeSources(options.shards, options.unused);
  const app = Fastify({ forceCloseConnections: true });
  await app.register(apiErrors, { onError: () => undefined });
  await app.register(auth, { secret: "a secret of sixteen" });
  await app.register(livePage, {
    sources,
    open: true,
    intervalMs: options.intervalMs,
    onSlow: () => undefined,
    guard: NO_GUARD,
  });
  t.after(() => app.close());
  return { sources, app, url: await app.listen({ port: 0, host: "127.0.0.1" }) };
}

test("under load it names the hot shard within seconds, goes on, and agrees with /v1/shards", { skip }, async (t) => {
  const server = await startServer({ args: ["--shards", "4?commitMs=20&maxRows=50"] });
  t.after(() => server.stop());
  const { page, complaints } = await open(server.url);
  await says(page, "#headline", /^No messages in the last ten seconds\.$/);
  const stop = await ladyGaga(server);
  await says(page, "#headline", /^Shard \d\d takes .* its fair share\.$/);
  await says(page, "#cause", /^Cause: one dialog, 1_2, with /);
  const hot = (await words(page, "#shares .hot .label")).trim();
  assert.ok((await words(page, "#headline")).includes(`Shard ${hot} takes`));
  // Dialogs of which hardly a message is certain are left out, once there are more than the server counts one by one.
  await page.locator("#hot tr:nth-child(2)").waitFor({ state: "detached", timeout: HANG_MS });
  assert.equal(await page.locator("#hot tr").count(), 1);
  assert.match(await words(page, "#effective-note"), /^4 paid, [12]\.\d used$/);
  assert.match(await words(page, "#where"), /4 shards, slots · SQLite · .*epoch 1 · shaped: commits of at least 20 ms/);
  const before = await words(page, "#writers td:last-child");
  while ((await words(page, "#writers td:last-child")) === before);
  await stop();

  const headers = { authorization: `Bearer ${tokenOf(1, "admin")}` };
  const truth = (await (await fetch(`${server.url}/v1/shards`, { headers })).json()) as ShardsReply;
  for (const [i, { label, writer }] of truth.shards.entries()) {
    await says(
      page,
      `#writers tr:nth-child(${i + 1}) td:last-child`,
      new RegExp(`^${writer.rows.toLocaleString("en")}$`),
    );
    assert.equal(await words(page, `#writers tr:nth-child(${i + 1}) th`), label);
  }
  const most = truth.shards.toSorted((a, b) => b.writer.rows - a.writer.rows)[0]!;
  assert.equal(hot, most.label);
  const painted = `(() => {
    const canvas = document.querySelector("#heat");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  })()`;
  const colours = (await page.evaluate(painted)) as number;
  assert.ok(colours > 2, "the strip is empty");
  assert.deepEqual(complaints, []);
  await page.close();
});

test("fits every screen with enough contrast, also when shards are many or down", { skip }, async (t) => {
  for (const [shards, screens] of [
    [4, SCREENS],
    [64, SCREENS.slice(1, 3)],
  ] as const) {
    const { sources, url } = await startAlone(t, { shards, intervalMs: 50 });
    for (let shard = 0; shard < shards; shard++) sources.state(shard, shard % 3 === 2 ? "down" : "up");
    sources.change({ do: "take-out", shard: "03" }, { words: "shard 03 taken out (it did not answer for 2.0 s)" });
    sources.out({ label: "03", phase: "lost", since: sources.now() - 12_000, reason: "it did not answer for 2.0 s" });
    const figures = { before: 2.2, forecast: { before: 2.24, after: 1.14 }, came: { after: 1.12, others: 1 } };
    sources.change({ do: "split", dialog: "1_2", parts: 3 }, { words: "split 1_2 over 3 shards", ...figures });
    sources.move({
      kind: "rebalance",
      phase: "copy",
      seen: 1_234_567,
      of: 12_345_678,
      rowsPerS: 51_234,
      remainingS: 217,
      duty: 0.1,
    });
    for (const screen of screens) {
      const { page, complaints } = await open(url, screen);
      await says(page, "#down", /^Shard 03 was taken out \d+.s ago: .*Shards? 02/);
      sources.pass(1);
      for (let shard = 0; shard < shards; shard++) sources.commit(shard, 9, shard === 1 ? 100_000 : 1, 15);
      await says(page, "#headline", /^Shard 01 takes/);
      await page.locator("summary").click();
      const widths = new Set(await page.evaluate<number[]>(TOO_WIDE));
      assert.deepEqual([...widths], [0], screen.name);
      const heights = await page.locator(".axis span").evaluateAll((all) => all.map((span) => span.offsetTop));
      assert.equal(new Set(heights).size, 1, "the strip's axis is one line");
      const faint = (await page.evaluate(`${CHECKS}\npageChecks.faintTexts()`)) as string[];
      assert.deepEqual([...new Set(faint)], [], `${screen.name}, ${shards} shards`);
      await page.locator("#pause").click();
      await says(page, "#state", /^paused$/);
      // What was painted last may still come.
      await page.evaluate(TWO_FRAMES);
      await page.evaluate(WIDEST);
      assert.deepEqual([...new Set(await page.evaluate<number[]>(TOO_WIDE))], [0], `${screen.name}, at its widest`);
      assert.deepEqual(complaints, []);
      await page.close();
    }
  }
});

test("figures stay short, whatever their size", () => {
  for (let value = -1; value < 1e12; value = value < 0 ? 0 : value * 1.37 + 0.01) {
    for (const text of [growth(value), perSecond(Math.max(0, value))])
      assert.ok(text.length <= 10 || value >= 1e11, `${value}: ${text}`);
  }
  assert.deepEqual(
    [999_999.4, 999_999.5, 4_747_849, 47_474_747].map((rate) => perSecond(rate).replace("\u202f", " ")),
    ["999,999/s", "1.00 M/s", "4.75 M/s", "47.47 M/s"],
  );
  assert.deepEqual(
    [-0.12, 0.38, 11, 998.6, 1_000].map((more) => growth(more).replace("\u202f", " ")),
    ["−12 %", "+38 %", "12 ×", "1000 ×", "> 1,000 ×"],
  );
});

test(
  "the moment of a split: the skew before it, its forecast, and what it is now, marked in the strip and listed",
  {
    skip,
  },
  async (t) => {
    const server = await startServer({ args: ["--shards", "4", "--hot", "off"], env: { HOTSHARD_SECRET: "" } });
    t.after(() => server.stop());
    const { page, complaints } = await open(server.url);
    const stop = await ladyGaga(server);
    await says(page, "#cause", /^Cause: one dialog, 1_2, with /);
    assert.equal(await page.locator("#moment").isVisible(), false);
    assert.equal(await page.locator("#changed").isVisible(), false);
    await applied(server, { do: "split", dialog: "1_2", parts: 4 });
    await says(
      page,
      "#moment",
      /^\d+.s ago: split 1_2 over 4 shards\. Max\/mean .*forecast 1\.\d\d.×, is \d\.\d\d.×\.$/,
    );
    await says(page, "#changes li", /epoch 2 split 1_2 over 4 shards Forecast: max\/mean \d.\d\d.× → 1\.\d\d.×\./);
    await says(page, "#said", /Split 1_2 over 4 shards\.$/);
    await says(page, "#hot tr td:last-child", /^split over 4: 0\d \+ 0\d \+ 0\d \+ 0\d$/);
    assert.match(
      (await page.locator("#strip").getAttribute("class"))!,
      /marked/,
      "with room for the epoch above its line",
    );
    await says(page, "#headline", /^No shard burns/);
    await stop();
    assert.deepEqual(complaints, []);
    await page.close();
  },
);

test(
  "a lost shard says since when and what that means, a drained one that it is read, a move how far it is",
  {
    skip,
  },
  async (t) => {
    const { sources, url } = await startAlone(t, { shards: 4, intervalMs: 50 });
    sources.change({ do: "drain", shard: "01" });
    sources.change({ do: "take-out", shard: "02" });
    const lost = { label: "02", since: sources.now() - 12_000, reason: "it did not answer for 2.0 s" };
    sources.out({ ...lost, phase: "lost" });
    sources.move({ kind: "rebalance", phase: "copy", seen: 400, of: 1_000, rowsPerS: 50, remainingS: 12, duty: 0.1 });
    const { page } = await open(url);
    const out = "new messages go to the others, its history is missing until it is back.";
    await says(page, "#down", new RegExp(`^Shard 02 was taken out 12.s ago: ${out}$`));
    await says(page, "#down-said", new RegExp(`^Shard 02 was taken out: ${out}$`));
    await says(page, "#shares li:nth-child(3) .share", /^out$/);
    await says(page, "#shares li:nth-child(3) .rate", /^for 12.s$/);
    await says(page, "#shares li:nth-child(2) .share", /^drained$/);
    await says(page, "#writers tr:nth-child(2) th", /^01 drained$/);
    await says(page, "#move-note", /^400 of 1,000 messages looked at, 50\/s, 12.s left\. It works 10.% of the time/);
    assert.equal(await page.locator("#move-bar").getAttribute("value"), "0.4");
    sources.out({ ...lost, phase: "returning" });
    sources.change({ do: "put-back", shard: "02" });
    sources.move({
      kind: "return",
      phase: "copy",
      shard: "02",
      seen: 7,
      of: null,
      rowsPerS: null,
      remainingS: null,
      duty: null,
    });
    await says(page, "#down", /^Shard 02 is back and takes messages: its history is shown when it has been compared/);
    await says(page, "#move-title", /^Shard 02 returns/);
    await says(page, "#move-note", /^7 messages looked at by another server/);
    assert.equal(await page.locator("#move-bar").getAttribute("value"), null, "nobody knows how far it is");
    sources.out();
    sources.move(null);
    await page.locator("#down").waitFor({ state: "hidden" });
    await page.locator("#move").waitFor({ state: "hidden" });
    await page.close();
  },
);

test("a shard that takes no messages yet is no part of the fair share", { skip }, async (t) => {
  const { sources, url } = await startAlone(t, { shards: 3, unused: 1, intervalMs: 50 });
  const { page } = await open(url);
  await says(page, "#state", /^live$/);
  sources.pass(1);
  for (const shard of [0, 1]) sources.commit(shard, 10, 1, 1);
  await says(page, "#headline", /takes 50.0.% of the messages, 1.00.× its fair share/);
  await says(page, "#shares-note", /fair share, 50.0.%/);
  await says(page, "#effective", /^2.0 of 2$/);
  await says(page, "#effective-note", /^3 paid, 2 in the placement, 2.0 used$/);
  await page.close();
});

test(
  "by keyboard and by ear: focus is seen, pausing ends the stream, every table has heads and a caption",
  { skip },
  async (t) => {
    const { app, url } = await startAlone(t, { shards: 4, intervalMs: 50 });
    const { page } = await open(url);
    await says(page, "#state", /^live$/);
    await page.keyboard.press("Tab");
    const focus = `(() => { const at = document.activeElement; return at.id + " " + getComputedStyle(at).outlineStyle; })()`;
    assert.equal(await page.evaluate(focus), "pause solid");
    await page.keyboard.press("Enter");
    await says(page, "#state", /^paused$/);
    while (app.liveStreams() > 0) await new Promise((resolve) => setImmediate(resolve));
    await page.keyboard.press("Enter");
    await says(page, "#state", /^live$/);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("details").getAttribute("open"), "");
    assert.equal(await page.locator("table:not(:has(caption))").count(), 0);
    assert.equal(await page.locator("thead th:not([scope]), tbody th:not([scope])").count(), 0);
    for (const landmark of ["header", "main", "footer"])
      assert.equal(await page.locator(landmark).count(), 1, landmark);
    assert.equal(await page.locator("h1 >> visible=true").count(), 1);
    const spoken = "[aria-live], [role=status], [role=alert]";
    assert.deepEqual(
      new Set(await page.locator(spoken).evaluateAll((all) => all.map(({ id }) => id))),
      new Set(["down-said", "refused", "said", "state"]),
      "figures that change every second must not be read out",
    );
    await page.close();
  },
);

test("asks for the admin token, refuses a wrong one in words, and puts it into no address", { skip }, async (t) => {
  const secret = "an own secret of the server";
  const server = await startServer({ args: ["--shards", "1"], env: { HOTSHARD_SECRET: secret } });
  t.after(() => server.stop());
  const { page, addresses } = await open(server.url);
  const enter = async (token: string) => {
    await page.locator("#token").fill(token);
    await page.keyboard.press("Enter");
  };
  await page.locator("#token").waitFor();
  assert.equal(await page.evaluate("document.activeElement.id"), "token");
  assert.equal(await page.locator("#board").isVisible(), false);
  await enter(tokenOf(1, "admin"));
  await says(page, "#refused", /\w/);
  await enter(signToken({ sub: "1" }, { secret }));
  await says(page, "#refused", /role: admin/);
  const token = signToken({ sub: "1", role: "admin" }, { secret });
  await enter(token);
  await says(page, "#state", /^live$/);
  assert.equal(await page.locator("#login").isVisible(), false);
  await page.reload();
  await says(page, "#state", /^live$/);
  assert.ok(addresses.every((address) => !address.includes(token.slice(0, 20)) && !address.includes("?")));
  await page.close();
  const other = await open(server.url);
  await other.page.locator("#token").waitFor();
  await other.page.close();
});

test("left open for long it does not grow", { skip }, async (t) => {
  const { sources, url } = await startAlone(t, { shards: 8, intervalMs: 2 });
  const { page } = await open(url);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Performance.enable");
  let minute = 0;
  const bustle = setInterval(() => {
    sources.pass(1);
    minute += 1;
    for (let shard = 0; shard < 8; shard++) sources.commit(shard, 1, 1 + ((minute * shard) % 90), 1 + (minute % 40));
  }, 2);
  t.after(() => clearInterval(bustle));
  const snapshots = async (n: number) => {
    const target = sources.looks() + n;
    while (sources.looks() < target) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  // Paused and painted, because what is being replaced while it is counted would be counted twice.
  const measure = async () => {
    await page.locator("#pause").click();
    await says(page, "#state", /^paused$/);
    await page.evaluate(TWO_FRAMES);
    await devtools.send("HeapProfiler.collectGarbage");
    const { metrics } = await devtools.send("Performance.getMetrics");
    const value = (name: string) => metrics.find((metric) => metric.name === name)!.value;
    return { nodes: value("Nodes"), listeners: value("JSEventListeners"), heap: value("JSHeapUsedSize") };
  };
  await says(page, "#state", /^live$/);
  await snapshots(500);
  const early = await measure();
  await page.locator("#pause").click();
  await snapshots(2_500);
  const late = await measure();
  assert.ok(late.nodes <= early.nodes + 20, `${early.nodes} nodes became ${late.nodes}`);
  assert.equal(late.listeners, early.listeners);
  assert.ok(late.heap <= early.heap * 1.1 + 200_000, `${early.heap} bytes became ${late.heap}`);
  await page.close();
});

test("finds a server again that went away and came back", { skip }, async () => {
  // Not one of those that the system gives to anybody who asks for any.
  const port = String(await unusedPort());
  const first = await startServer({ args: ["--shards", "1", "--port", port] });
  const { page } = await open(first.url);
  await says(page, "#state", /^live$/);
  await first.stop();
  await says(page, "#state", /^no answer, trying again$/);
  const second = await startServer({ args: ["--shards", "2", "--port", port] });
  await says(page, "#state", /^live$/);
  await says(page, "#where", /2 shards/);
  assert.equal(metricValue(await scrape(second.url), "chat_live_streams"), 1);
  await page.close();
  await second.stop();
});

const colours = (text: string): string[] => [...text.matchAll(/--[a-z]+(?:-\d)?: #[0-9a-f]+/g)].map(([name]) => name);

test("page and report are of one colour", () => {
  const css = readFileSync(new URL("../../../../server/edge/live/page/live.css", import.meta.url), "utf8");
  const report = new Set(colours(STYLE));
  const own = colours(css);
  assert.ok(own.length > 25, `${own.length} colours`);
  assert.deepEqual(
    own.filter((colour) => !report.has(colour)),
    [],
  );
});
