import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { optionRows } from "../../server/config.ts";
import { METRICS, type MetricDescription } from "../../server/observability/metric-names.ts";
import { compileTopology } from "../../server/placement/router.ts";
import { validateTopology } from "../../server/placement/topology.ts";
import { ERRORS, type ErrorCode } from "../../server/protocol/errors.ts";
import { isRefusal, REFUSALS } from "../../server/protocol/refusals.ts";
import { LIMITS } from "../../server/protocol/frames.ts";

/** The lines of a document between `<!-- name -->` and `<!-- /name -->`. */
function section(document: string, name: string): string[] {
  const text = readFileSync(new URL(`../../docs/${document}`, import.meta.url), "utf8");
  const [, content] = new RegExp(`<!-- ${name} -->\n([^]*?)\n*<!-- /${name} -->`).exec(text) ?? [];
  assert.ok(content !== undefined, `${document} has a section ${name}`);
  return content.split("\n").filter((line) => line !== "");
}

/** Cells of a table's rows, without its head; the padding of the formatter does not matter. */
function rows(lines: readonly string[]): string[][] {
  return lines.slice(2).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function errorRow(code: ErrorCode): string[] {
  const row: { retryable: boolean; outcome: string; http: number; close?: number; meaning: string } = ERRORS[code];
  const close = row.close === undefined ? "" : String(row.close);
  return [`\`${code}\``, row.retryable ? "yes" : "no", row.outcome, String(row.http), close, row.meaning];
}

function printed(head: readonly string[], body: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

test("docs/protocol.md has exactly the error codes of the table", () => {
  const expected = (Object.keys(ERRORS) as ErrorCode[]).map(errorRow);
  const head = ["code", "retryable", "outcome of a `send`", "HTTP", "close", "meaning"];
  assert.deepEqual(rows(section("protocol.md", "errors")), expected, `it should be:\n${printed(head, expected)}\n`);
});

test("docs/protocol.md has exactly the reasons for which a change of the shards is refused", () => {
  const expected = Object.entries(REFUSALS).map(([code, { http, meaning }]) => [`\`${code}\``, String(http), meaning]);
  const head = ["code", "HTTP", "meaning"];
  const wanted = `it should be:\n${printed(head, expected)}\n`;
  assert.deepEqual(rows(section("protocol.md", "refusals")), expected, wanted);
});

test("what refuses a change has its code in the table", () => {
  const files = ["changes", "newcomer", "operator"].map((name) => `../../server/topology/${name}.ts`);
  const texts = files.map((file) => readFileSync(new URL(file, import.meta.url), "utf8"));
  const thrown = new Set(
    texts.flatMap((text) => [...text.matchAll(/ConfigError\(\s*"(\w+)"/gu)].map(([, code]) => code!)),
  );
  assert.ok(thrown.size > 15);
  const internal = new Set(["BAD_BOUNDARY", "NO_SEGMENT"]);
  assert.deepEqual(
    [...thrown].filter((code) => !isRefusal(code) && !internal.has(code)),
    [],
  );
});

test("docs/protocol.md has the limits that a welcome tells", () => {
  const values = rows(section("protocol.md", "limits")).map(([, value]) =>
    Number(/[\d,]+$/.exec(value!)![0].replaceAll(",", "")),
  );
  assert.deepEqual(values, [
    LIMITS.frames,
    LIMITS.bytes,
    LIMITS.text,
    LIMITS.id,
    LIMITS.page,
    LIMITS.pageBytes,
    LIMITS.reads,
  ]);
});

test("docs/configuration.md has exactly the options that the server takes", () => {
  const expected = optionRows().map((row) => [
    `\`${row.flag}\``,
    `\`${row.variable}\``,
    row.default === null ? "" : `\`${row.default}\``,
    row.meaning,
  ]);
  const head = ["option", "variable", "default", "meaning"];
  assert.deepEqual(
    rows(section("configuration.md", "options")),
    expected,
    `it should be:\n${printed(head, expected)}\n`,
  );
});

test("the topology file of docs/configuration.md is one that the server takes", () => {
  const json = section("configuration.md", "topology").slice(1, -1).join("\n");
  assert.equal(compileTopology(validateTopology(JSON.parse(json))).epoch, 2);
});

test("docs/metrics.md has exactly the metrics of the table", () => {
  const expected = Object.entries<MetricDescription>(METRICS).map(([name, { help, labels, type, unit }]) => [
    `\`${name}\``,
    type,
    unit,
    labels.map((label) => `\`${label}\``).join(", "),
    help,
  ]);
  const head = ["metric", "type", "unit", "labels", "meaning"];
  assert.deepEqual(rows(section("metrics.md", "metrics")), expected, `it should be:\n${printed(head, expected)}\n`);
});
