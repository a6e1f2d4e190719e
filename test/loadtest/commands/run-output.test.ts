import assert from "node:assert/strict";
import { test } from "node:test";
import { createRunOutput } from "../../../loadtest/commands/run-output.ts";

test("a warning is broken at a terminal's width, and is one line where there is none", (t) => {
  const { columns } = process.stderr;
  t.after(() => {
    process.stderr.columns = columns;
  });
  const said: string[] = [];
  t.mock.method(process.stderr, "write", (text: string) => said.push(text) > 0);
  const { warn } = createRunOutput({ kind: "none", opens: false, scenario: "trace", rate: null, out: "out" });
  const line =
    "OUT_OF_ORDER: trace.csv line 17: a message that came too late for its moment; it is left out, and nothing else is lost (12 lines)";
  for (const width of [60, undefined]) {
    Object.assign(process.stderr, { columns: width });
    warn(line);
  }
  t.mock.restoreAll();
  const [narrow = "", whole] = said;
  const parts = narrow.split("\n");
  assert.ok(parts.every((part) => part.length <= 60) && parts.length === 4, narrow);
  assert.equal(narrow.trimEnd().replaceAll(/\s+/gu, " "), line);
  assert.equal(whole, `${line}\n`);
});
