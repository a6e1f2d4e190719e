import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { InputOptions } from "../../../../loadtest/whatif/input/input-options.ts";
import { readInput, type InputRow } from "../../../support/read-input.ts";

/** Any text that UTF-8 can hold, with more of what means something in files. */
const anyKey = fc
  .oneof(
    fc.string({
      unit: fc.constantFrom(",", ";", "\t", "|", '"', "\n", "\r\n", " ", "a", "7", "ö", "\\", "{", "#", "-"),
    }),
    fc.string({ unit: "binary" }).map((text) => text.replaceAll(/\p{Cs}/gu, "")),
  )
  .filter((key) => key.trim() !== "" && key !== "NULL" && key !== "\\N");
const plainKey = fc
  .stringMatching(/^[a-z][a-z0-9_.-]{0,20}$/u)
  .filter((key) => !["key", "room", "id", "dialog"].includes(key));
const anyCount = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const rowsOf = (key: fc.Arbitrary<string>): fc.Arbitrary<InputRow[]> =>
  fc.array(fc.tuple(key, anyCount), { minLength: 1, maxLength: 30 });

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

async function comesBack(content: string, rows: readonly InputRow[], options: InputOptions = {}): Promise<void> {
  const found = await readInput(content, options);
  assert.deepEqual([found.rows, found.faults], [rows, []]);
}

for (const delimiter of [",", ";"]) {
  for (const end of ["\n", "\r\n"]) {
    test(`CSV with ${delimiter} and ${JSON.stringify(end)}: any key comes back`, async () => {
      await fc.assert(
        fc.asyncProperty(rowsOf(anyKey), fc.boolean(), async (rows, allQuoted) => {
          const lines = rows.map(([key, count]) => {
            const bare = !allQuoted && !/[",;\r\n]/u.test(key);
            return `${bare ? key : quoted(key)}${delimiter}${allQuoted ? quoted(String(count)) : count}`;
          });
          await comesBack([`dialog${delimiter}count`, ...lines, ""].join(end), rows);
        }),
      );
    });
  }
}

test("tabs and bars with quotes: any key comes back when it is said to be CSV", async () => {
  await fc.assert(
    fc.asyncProperty(rowsOf(anyKey), fc.constantFrom("\t", "|"), async (rows, delimiter) => {
      const lines = rows.map(([key, count]) => `${quoted(key)}${delimiter}${count}\n`);
      await comesBack(`dialog${delimiter}count\n${lines.join("")}`, rows, { format: "csv" });
    }),
  );
});

test("JSON, a row a line and as one document: any key comes back", async () => {
  await fc.assert(
    fc.asyncProperty(rowsOf(anyKey), async (rows) => {
      const objects = rows.map(([dialog, count]) => ({ dialog, count }));
      await comesBack(objects.map((row) => `${JSON.stringify(row)}\n`).join(""), rows);
      await comesBack(JSON.stringify(objects), rows);
      await comesBack(JSON.stringify({ data: objects }, null, 2), rows);
      // An object puts numbers first, and has each key once.
      const words = rows.filter(
        ([key], i) => !/^\d+$|^__proto__$/u.test(key) && rows.findIndex(([other]) => other === key) === i,
      );
      const counts = Object.fromEntries(words.map(([key, count]) => [key, count]));
      if (words.length > 0) await comesBack(JSON.stringify(counts), words, { format: "json" });
    }),
    { numRuns: 40 },
  );
});

test("what programs write without quotes: any plain key comes back", async () => {
  await fc.assert(
    fc.asyncProperty(rowsOf(plainKey), async (rows) => {
      const body = (row: (key: string, count: number) => string): string =>
        rows.map(([key, count]) => row(key, count)).join("");
      await comesBack(body((key, count) => `${String(count).padStart(7)} ${key}\n`).replace(/^/u, "      1 first\n"), [
        ["first", 1],
        ...rows,
      ]);
      await comesBack(`key\tcount\n${body((key, count) => `${key}\t${count}\n`)}`, rows);
      await comesBack(
        body((key, count) => `${key}|${count}\n`),
        rows,
      );
      const drawn = body((key, count) => `| ${key.padEnd(22)} | ${String(count).padStart(17)} |\n`);
      const line = `+${"-".repeat(24)}+${"-".repeat(19)}+\n`;
      await comesBack(`${line}| dialog | count |\n${line}${drawn}${line}`, rows);
      await comesBack(
        body((key, count) => `${key} ${count}\n`),
        rows,
        { format: "spaces" },
      );
      await comesBack(
        body((key) => `${key}\n`),
        rows.map(([key]): InputRow => [key, 1]),
      );
    }),
    { numRuns: 40 },
  );
});

test("lines of any text are read whole, or refused, or told", async () => {
  const line = fc.oneof(
    anyKey,
    plainKey,
    fc.constantFrom("a,3", "a 3", "a|3", "3 a", '"a', "-----", "(2 rows)", "dialog,count"),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(line, { maxLength: 12 }), async (lines) => {
      try {
        const { rows, faults } = await readInput(lines.join("\n"));
        assert.ok(rows.every(([key, count]) => key !== "" && Number.isSafeInteger(count) && count > 0));
        assert.ok(faults.every(({ lines: many }) => many > 0));
      } catch (error) {
        const { code } = error as { code?: string };
        assert.ok(["UNKNOWN_FORMAT", "BAD_COLUMNS", "NOT_TEXT"].includes(code ?? ""), String(error));
      }
    }),
  );
});

test("records of many lines come back from a file of many pieces", async () => {
  const rows = Array.from({ length: 60_000 }, (_, i): InputRow => [
    `key ${i},\n"${i % 7}"\r\n${"x".repeat(i % 50)}`,
    i + 1,
  ]);
  await comesBack(`dialog,count\n${rows.map(([key, count]) => `${quoted(key)},${count}\n`).join("")}`, rows);
});
