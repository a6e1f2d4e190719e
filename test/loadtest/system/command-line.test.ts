import assert from "node:assert/strict";
import { test } from "node:test";
import { shellCommand } from "../../../loadtest/system/command-line.ts";

test("a command can be pasted into a shell, and holds no password", () => {
  const table: [Record<string, string | string[] | undefined>, string][] = [
    [{ rate: "200", url: "ws://127.0.0.1:8086/chat", out: undefined }, "--rate 200 --url ws://127.0.0.1:8086/chat"],
    [{ shards: "4?commitMs=20&maxRows=50" }, "--shards '4?commitMs=20&maxRows=50'"],
    [{ "fail-on": ["errors<1%", "audit.lost==0"] }, "--fail-on 'errors<1%' --fail-on audit.lost==0"],
    [{ "fail-on": [] }, ""],
    [{ data: "it's here" }, String.raw`--data 'it'\''s here'`],
    [
      { shards: "mysql://chat:s3cr%40t@a:3306/s0,mysql://chat:@b/s1,sqlite:here.db" },
      "--shards mysql://chat:PASSWORD@a:3306/s0,mysql://chat:PASSWORD@b/s1,sqlite:here.db",
    ],
  ];
  for (const [given, words] of table)
    assert.equal(shellCommand("run", "random", given), `hotshard run random ${words}`.trim());
});
