import assert from "node:assert/strict";
import { test } from "node:test";
import { buildResult } from "../../../../../loadtest/analysis/build-result.ts";
import { judgeThresholds } from "../../../../../loadtest/analysis/thresholds/judge-thresholds.ts";
import { parseThresholds } from "../../../../../loadtest/analysis/thresholds/threshold.ts";
import { escapeMarkdown, escapeXml } from "../../../../../loadtest/stats/escape.ts";
import { htmlReport, junitReport, markdownReport, terminalReport } from "../../../../../loadtest/report/reports.ts";
import { parseResult } from "../../../../../loadtest/analysis/result/read.ts";
import type { HistoryCheck } from "../../../../../loadtest/analysis/result/history-schema.ts";
import type { Result } from "../../../../../loadtest/analysis/result/result.ts";
import { headline } from "../../../../../loadtest/report/words/run.ts";
import { bar } from "../../../../../loadtest/report/render/terminal.ts";
import { runEvidence } from "../../../../support/run-evidence.ts";

const result = buildResult(runEvidence({ rate: 500 }));
const invalid = buildResult(runEvidence({ rate: 500, dropped: 100, lost: 2 }));

/** What a hostile name may hold: markup of every format, a closed script, control and direction characters. */
const HOSTILE = `<script>alert(1)</script>"'&]]>|\u0000\u001b[31m\u202e\n# x [a](javascript:b) \`\uD800`;

/** Of that, what must not even be there escaped. */
const FORBIDDEN = ["\u0000", "\u001b", "\u202e", "\uD800"];

/** One lost message, and whatever a log may say of it. */
const HISTORY: HistoryCheck = {
  operations: 60,
  dialogs: 4,
  messages: 20,
  pages: 8,
  unread: 1,
  twins: 2,
  lost: 1,
  vanished: 0,
  stale: 0,
  duplicated: 0,
  reordered: 0,
  phantom: 0,
  evidence: [{ kind: "lost", dialog: HOSTILE, says: HOSTILE, lines: [{ where: HOSTILE, says: HOSTILE }] }],
};

function hostile(): Result {
  return {
    ...result,
    server: { ...result.server, url: HOSTILE, placement: HOSTILE, durability: HOSTILE },
    run: { ...result.run, scenario: HOSTILE, command: HOSTILE, id: HOSTILE, startedAt: HOSTILE },
    hotDialogs: result.hotDialogs.map((row) => ({ ...row, dialog: HOSTILE, shard: HOSTILE })),
    verdict: { status: "INVALID", reasons: [{ code: HOSTILE, message: HOSTILE }] },
    advice: result.advice.map((one) => ({ ...one, text: HOSTILE, dialog: HOSTILE })),
    audit: { ...result.audit, history: HISTORY },
  };
}

test("names from outside are never markup", () => {
  const html = htmlReport(hostile(), []);
  assert.ok(!html.includes("<script"), "HTML");
  assert.ok(!FORBIDDEN.some((one) => html.includes(one)), "HTML holds no forbidden character");
  assert.ok(html.includes("&lt;script&gt;alert(1)&lt;/script&gt;"), "and still shows the name");
  const xml = junitReport(hostile());
  assert.ok(!xml.includes("<script") && !xml.includes("]]>") && !FORBIDDEN.some((one) => xml.includes(one)), "JUnit");
  const markdown = markdownReport(hostile());
  for (const line of markdown.split("\n")) {
    // An indented line is code: nothing in it is markup.
    if (line.startsWith("    ")) continue;
    assert.ok(!/(?<!\\)<script|(?<!\\)\]\(javascript/.test(line), line);
    assert.ok(!line.startsWith("# x"), line);
  }
  const terminal = terminalReport(hostile(), { isTTY: false }, {});
  assert.ok(!FORBIDDEN.some((one) => terminal.includes(one)), "terminal");
});

const outputs = (one: Result) => [
  terminalReport(one, { isTTY: false, columns: 100 }, {}),
  markdownReport(one),
  htmlReport(one, []),
  junitReport(one),
];

test("every output says the rate that was asked for and the one that was made", () => {
  assert.deepEqual(result.traffic.asked, { rate: 500, messages: 4_000 });
  assert.deepEqual(result.traffic.made, { rate: 500, messages: 4_000 });
  for (const text of outputs(result)) assert.match(text, /asked 500\/s, made 500\/s/);
  assert.equal(invalid.traffic.made?.messages, 3_900);
  for (const text of outputs(invalid)) assert.match(text, /asked 500\/s, made 488\/s/);
  const burst = { ...result, traffic: { ...result.traffic, asked: { rate: 893.2, messages: 7_146 } } };
  for (const text of outputs(burst)) assert.match(text, /asked 893\/s on average, made 500\/s/);
  const { asked: _, made: __, ...traffic } = result.traffic;
  for (const text of outputs({ ...result, traffic })) assert.doesNotMatch(text, /asked \d|made \d/);
});

test("Markdown escapes what would be markup and leaves the rest readable", () => {
  const table = [
    ["Shard 02: +38 % (p99), 7_501", "Shard 02: +38 % (p99), 7_501"],
    ["a|b *c* [d](e) `f` <g> _h_", "a\\|b \\*c\\* \\[d\\](e) \\`f\\` \\<g\\> \\_h\\_"],
    ["1. x", "1\\. x"],
    ["# x", "\\# x"],
    ["http://a.b www.c.d @e &lt;", "http:&#47;/a.b www&#46;c.d &#64;e &amp;lt;"],
    ["two\nlines", "two lines"],
  ] as const;
  for (const [text, escaped] of table) assert.equal(escapeMarkdown(text), escaped);
});

test("Markdown has the headline, every shard, the factors, and tables whose rows have as many cells as their heads", () => {
  const markdown = markdownReport(result);
  assert.match(markdown, /^# Shard \d\d takes/);
  assert.match(markdown, /\*\*VALID\*\*/);
  for (const { label } of result.shards) assert.match(markdown, new RegExp(`^\\| ${label} \\|`, "m"));
  for (const word of ["Chance", "Popularity", "Placement", "Hash", "Observed", "Audit"])
    assert.ok(markdown.includes(word));
  let cells = 0;
  for (const line of markdown.split("\n")) {
    const here = line.startsWith("|") ? line.split("|").length : 0;
    if (here > 0 && cells > 0) assert.equal(here, cells, line);
    cells = here;
  }
  assert.match(markdownReport(invalid), /\*\*INVALID\*\*.*\n\n- \*\*DROPPED\*\*/);
  assert.match(markdownReport(invalid), /not to be trusted/);
});

test("JUnit: a valid run passes, an invalid one with lost messages fails, an interrupted audit is skipped", () => {
  const good = junitReport(result);
  assert.match(
    good,
    /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites tests="7" failures="0" errors="0" skipped="0"/,
  );
  const bad = junitReport(invalid);
  assert.match(bad, /failures="3"/);
  assert.match(bad, /<failure message="DROPPED: /);
  assert.match(bad, /<failure message="2 messages were acknowledged and not stored"/);
  const open = junitReport({ ...result, audit: { ...result.audit, match: null } });
  assert.match(open, /skipped="1"[^]*<skipped message="Not comparable/);
  assert.equal(bad.match(/<testcase /g)?.length, 7);
});

test("thresholds: one test case each, and their verdict on every page", () => {
  const { measurement } = runEvidence({ rate: 500 });
  const texts = ["delivery.p99<1ms", "audit.lost==0"];
  const withThem = (of: Result) => ({
    ...of,
    thresholds: judgeThresholds(parseThresholds(texts), { result: of, measurement, never: new Map() }),
  });
  const xml = junitReport(withThem(result));
  assert.match(xml, /tests="9" failures="1"/);
  assert.match(xml, /name="threshold: delivery\.p99&lt;1ms">\n +<failure message="delivery\.p99&lt;1ms missed: /);
  assert.match(xml, /name="threshold: audit\.lost==0"\/>/);
  assert.match(junitReport(withThem(invalid)), /threshold: audit\.lost==0">\n +<skipped message="Not judged/);
  assert.match(
    markdownReport(withThem(result)),
    /\n1 of 2 thresholds missed\.\n[^]*\| delivery\.p99\\<1ms \| MISSED \|/,
  );
  assert.match(htmlReport(withThem(result), []), /id="thresholds"[^]*<td class="words hot">MISSED<\/td>/);
  const shown = terminalReport(withThem(result), { columns: 80 }, {});
  assert.match(shown, /^MISSED {2}delivery\.p99<1ms: .*interval/m);
  assert.match(shown, /^kept {2}audit\.lost==0: 0\.$/m);
  for (const line of shown.split("\n")) assert.ok(line.length <= 80, line);
  assert.doesNotMatch(htmlReport(result, []), /id="thresholds"/);
});

test("JUnit: a soak whose memory grows is a failed case, as it is a failed run", () => {
  const memory = { perHour: 9e6, low: 8e6, high: 1e7, level: 2e8, grows: true };
  const soak = { ...result, trends: { memoryBytes: memory, deliveryMs: { ...memory, grows: false } } };
  assert.match(
    junitReport(soak),
    /tests="8" failures="1"[^]*<failure message="The server&#39;s memory keeps growing: /,
  );
  const calm = { ...soak.trends, memoryBytes: { ...memory, grows: false } };
  assert.match(junitReport({ ...result, trends: calm }), /tests="8" failures="0"/);
});

const acknowledging = (acked: readonly number[]): Result => ({
  ...result,
  shards: result.shards.map((shard, i) => ({ ...shard, acked: acked[i]! })),
});

test("shards with too few messages for a p99 are named", () => {
  for (const [acked, where] of [
    [[900, 367, 0, 20], "shards 01 and 03"],
    [[368, 367, 800, 800], "shard 01"],
    [[1, 2, 3, 4], "each shard"],
  ] as const) {
    const words = `Fewer than 368 messages on ${where}: a p99 of so few`;
    const some = acknowledging(acked);
    for (const report of [terminalReport(some, {}, {}), markdownReport(some), htmlReport(some, [])]) {
      assert.ok(report.replaceAll(/\s+/gu, " ").includes(words), words);
    }
  }
  assert.doesNotMatch(terminalReport(acknowledging([368, 368, 368, 0]), {}, {}), /Fewer than/);
});

test("a run of which nothing is known says nothing of skew, causes and remedies", () => {
  const skew = { ...result.skew, causes: null };
  const nothing = {
    ...result,
    skew,
    shards: result.shards.map((shard) => ({ ...shard, offered: 0, stored: 0, share: 0 })),
  };
  for (const report of [terminalReport(nothing, {}, {}), markdownReport(nothing), htmlReport(nothing, [])]) {
    assert.match(report, /No message was sent\./);
    assert.doesNotMatch(report, /Where the skew comes from|Skew = |What would fix it|ffective shards|Cause: /);
  }
});

test("what an advice promised stands beside what came of it", () => {
  const mended = { ...result, forecast: { maxOverMean: 1.13, of: "a1b2" } };
  const words = /The advice of run\s+a1b2\s+promised\s+max\/mean\s+1\.13\s×;\s+it\s+came\s+to\s+\d\.\d\d\s×\./;
  for (const report of [terminalReport(mended, {}, {}), markdownReport(mended), htmlReport(mended, [])]) {
    assert.match(report, words);
  }
  assert.doesNotMatch(htmlReport(result, []), /promised/);
});

test("every report says the command that made it", () => {
  const { command } = result.run;
  const terminal = terminalReport(result, { columns: 60 }, {}).replaceAll(/\n +/g, " ");
  for (const report of [terminal, markdownReport(result)]) assert.ok(report.includes(command), command);
  for (const report of [htmlReport(result, []), junitReport(result)]) assert.ok(report.includes(escapeXml(command)));
});

test("the terminal: no line is wider than the screen, colour only where it is wanted", () => {
  for (const columns of [60, 80, 100]) {
    const shown = terminalReport(result, { isTTY: false, columns }, {});
    for (const line of shown.split("\n")) assert.ok(line.length <= columns, `${columns}: ${line}`);
    for (const { label } of result.shards) assert.match(shown, new RegExp(`^${label} +[█▏▎▍▌▋▊▉]`, "m"));
  }
  const escape = "\u001b[";
  assert.ok(terminalReport(result, { isTTY: true, columns: 80 }, {}).includes(escape));
  assert.ok(!terminalReport(result, { isTTY: true, columns: 80 }, { NO_COLOR: "1" }).includes(escape));
  assert.ok(!terminalReport(result, { isTTY: true, columns: 80 }, { TERM: "dumb" }).includes(escape));
  assert.ok(!terminalReport(result, { columns: 80 }, {}).includes(escape));
  assert.match(terminalReport(invalid, {}, {}), /INVALID: the percentiles below are not to be trusted\nDROPPED: /);
});

test("a shard without a measured delivery has no latency, rather than one of 0", () => {
  const none = { p50: 0, p95: 0, p99: 0, p999: 0 };
  const [first, ...others] = result.shards;
  const quiet = { ...first!, acked: 1, deliveryMs: none, serviceMs: none, innocentP99Ms: null };
  const silent = { ...result, shards: [quiet, ...others] };
  assert.match(terminalReport(silent, {}, {}), new RegExp(`^${first!.label} .* – +–$`, "m"));
  assert.match(markdownReport(silent), new RegExp(`^\\| ${first!.label} \\|.*\\| – \\| – \\| – \\|`, "m"));
  assert.match(htmlReport(silent, []), /<td>–<\/td><td>–<\/td><td>–<\/td><td>–<\/td><td>–<\/td><td>–<\/td>/);
});

test("messages that were refused are told, with the codes, in every report", () => {
  const traffic = { ...result.traffic, sent: 4_000, refused: 1_200, unknown: 3, failedShare: 1_203 / 4_000 };
  const failures = [
    { shard: "01", code: "OVERLOADED", count: 1_200, fromS: 2, untilS: 7.9 },
    { shard: "02", code: "NO_ANSWER", count: 3, fromS: 3, untilS: 3.1 },
  ];
  const refused = { ...result, traffic, failures };
  const words = /1,203 of 4,000 messages\s+\(30\.1\s%\) failed: shard 01 OVERLOADED 1,200, shard 02 NO\\?_ANSWER 3;/;
  assert.equal(headline(refused).replaceAll("\u202f", " "), "30.1 % of the messages failed: OVERLOADED on shard 01.");
  assert.match(junitReport(refused), /errors: at most 0\.10\s% fail">\n +<failure message="1,203 of 4,000/);
  for (const report of [
    terminalReport(refused, { columns: 100 }, {}),
    markdownReport(refused),
    htmlReport(refused, []),
  ])
    assert.match(report, words);
  assert.doesNotMatch(htmlReport(result, []), /id="failures"/);
});

test("what could not be sent for want of a connection is laid at no shard's door", () => {
  const traffic = { ...result.traffic, sent: 3_000, notConnected: 1_000, failedShare: 0.25 };
  const failures = ["00", "01"].map((shard) => ({ shard, code: "NOT_CONNECTED", count: 500, fromS: 2, untilS: 7 }));
  const text = terminalReport({ ...result, traffic, failures }, { columns: 100 }, {}).replaceAll(/\s+/gu, " ");
  assert.match(text, /1,000 of 4,000 messages \(25\.0 %\) failed: NOT_CONNECTED 1,000; at most/);
});

test("bars are exact to an eighth of a cell", () => {
  assert.equal(bar(1, 4), "████");
  assert.equal(bar(0, 4), "    ");
  assert.equal(bar(0.5, 3), "█▌ ");
  assert.equal(bar(2, 2), "██");
});

test("HTML: the same bytes for the same result, no script, and nothing to load", () => {
  const { slices } = runEvidence({ rate: 500 }).measurement;
  const html = htmlReport(result, slices);
  assert.equal(htmlReport(result, slices), html);
  assert.ok(!/<script|<iframe|<object|\son\w+=/i.test(html));
  assert.ok(!/(?:src|href|url\()\s*=?\s*["']?(?:https?:)?\/\//i.test(html));
  assert.ok(html.includes("default-src 'none'"));
  assert.ok(!html.includes("NaN") && !html.includes("undefined") && !html.includes("Infinity"));
  assert.ok(htmlReport(result, []).includes("Where the skew comes from"), "without slices there is a report, too");
});

test("the machine is in the reports, and a result of an early version does without", () => {
  const { machine: _, ...early } = result.run;
  const old = parseResult(JSON.stringify({ ...result, run: early }), "an early result");
  for (const report of [markdownReport, (one: Result) => htmlReport(one, [], [])]) {
    assert.match(report(result), /8 cores of Test processor, 16 GiB, Linux 6\.12\.0; Node 26\.10\.0/u);
    assert.doesNotMatch(report(old), /Machine/u);
  }
});

/** Without line breaks and escapes. */
const plain = (text: string): string => text.replaceAll(/\s+/gu, " ").replaceAll("\\", "");

test("what the history checker found is in every report, and a case of JUnit's", () => {
  const lines = [{ where: "a line 3", says: "acked" }];
  const evidence: HistoryCheck["evidence"] = [{ kind: "lost", dialog: "7_81", says: "Gone.", lines }];
  const found: Result = { ...result, audit: { ...result.audit, history: { ...HISTORY, evidence } } };
  const words =
    "Anomalies, by message: 1 lost (in 60 operations on 20 messages of 4 dialogs, with 8 pages of history). 1 of 4 dialogs " +
    "could not be read to the end: what is lost there is not known. 2 unacknowledged messages moved to later ids, as they " +
    "may when a shard dies.";
  for (const text of [htmlReport(found, []), markdownReport(found), terminalReport(found, { isTTY: false }, {})]) {
    assert.ok(plain(text).includes(words), plain(text));
    assert.ok(plain(text).includes("lost, dialog 7_81: Gone."));
    assert.ok(plain(text).includes("acked (a line 3)"));
  }
  assert.ok(junitReport(found).includes("<failure"), "a failed case");
  const clean: Result = { ...result, audit: { ...result.audit, history: { ...HISTORY, lost: 0, evidence: [] } } };
  assert.ok(junitReport(clean).includes("audit: histories have no anomaly"));
  assert.ok(!junitReport(clean).includes("<failure"));
  assert.ok(!junitReport(result).includes("histories"));
});
