import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Command } from "commander";
import { allDials } from "../../../loadtest/commands/dial-options.ts";
import { addRun } from "../../../loadtest/commands/run.ts";
import { loadScenario } from "../../../loadtest/drivers/own-scenario.ts";
import { DEFAULT_DIALS, parseDials } from "../../../loadtest/traffic/dials.ts";
import { findScenario } from "../../../loadtest/traffic/stories/registry.ts";

const EXAMPLE = join(import.meta.dirname, "../../../examples/support-desk.ts");
const folder = mkdtempSync(join(tmpdir(), "hotshard-own-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("the example: its dials are checked like ours, and its story keeps the rate", async () => {
  const scenario = await loadScenario(EXAMPLE);
  assert.equal(findScenario(EXAMPLE), scenario);
  const parsed = parseDials(scenario, { users: "40", agents: "3" });
  assert.ok("dials" in parsed);
  const story = scenario.make(parsed.dials);
  const lanes = story.lanes();
  const rate = lanes.reduce((sum, lane) => sum + lane.rate, 0);
  assert.ok(Math.abs(rate - DEFAULT_DIALS.rate) < 1e-9, `${rate}`);
  for (const lane of lanes) {
    const send = lane.next();
    assert.ok(send !== null && lane.hasAuthor(send.user) && send.user <= 3 !== send.target <= 3, JSON.stringify(send));
  }
  assert.deepEqual(parseDials(scenario, { agents: "0" }), {
    faults: ['agents must be a whole number, at least 1 and at most 100, not "0".'],
  });
  assert.deepEqual(parseDials(scenario, { agents: "50", users: "20" }), {
    faults: ["agents must be fewer than the users online."],
  });
});

const dialled = (option: string, more = "") =>
  `export default { name: "x", story: "x", make() {}, dials: { a: { option: "${option}", meaning: "", kind: "text", default: "" }, ${more} } };`;

test("no dial of one's own may be called as what run, or the k6 script, has itself", async () => {
  const program = new Command();
  addRun(program, () => {});
  const dials = new Set(allDials().map(({ option }) => option));
  const own = program.commands[0]!.options.map((one) => one.name()).filter((name) => !dials.has(name));
  assert.ok(own.includes("json") && own.includes("shards"));
  const settings = readFileSync(join(import.meta.dirname, "../../../loadtest/drivers/k6/script/settings.ts"), "utf8");
  const names = [...settings.matchAll(/env\["(?:HOTSHARD_)?([A-Z_]+)"\]/gu)].map(([, name]) => name!);
  assert.ok(names.includes("VUS"));
  const options = [...own, ...names.map((name) => name.toLowerCase().replaceAll("_", "-")), "help"];
  for (const option of new Set(options)) {
    const file = join(folder, `called-${option}.js`);
    writeFileSync(file, dialled(option));
    await assert.rejects(loadScenario(file), { code: "BAD_SCENARIO" }, option);
  }
  const allowed = join(folder, "called-keys.js");
  writeFileSync(allowed, dialled("keys"));
  assert.equal((await loadScenario(allowed)).name, "x", "a word of another scenario's dial is free");
});

test("what is wrong with a file is said in one line", async () => {
  const files: readonly (readonly [string, RegExp])[] = [
    ["export const x = 1;", /BAD_SCENARIO.*export the scenario as default/u],
    ["export default { name: 'zipf', story: 'x', dials: {}, make() {} };", /zipf is one of hotshard's own/u],
    ["export default { name: 'A b', dials: 3 };", /name must be.*; story must.*; make must.*; dials must/u],
    [
      "export default { name: 'x', story: 'x', make() {}, dials: { a: { option: 'A', kind: 'pear' } } };",
      /dials\.a\.option must.*dials\.a\.meaning must.*dials\.a\.kind must/u,
    ],
    [
      "export default { name: 'x', story: 'x', make() {}, dials: { a: { option: 'a', meaning: '', kind: 'integer', min: 1, max: 2, default: 3 } } };",
      /dials\.a\.default must be a whole number, at least 1/u,
    ],
    ["export default { name: 'x', story: 'x', make() {}, dials: { a: null } };", /dials\.a must be an object/u],
    ["export default { name: 'x', story: 'x', make() {}, dials: { a: 3 } };", /dials\.a must be an object/u],
    [dialled("data"), /dials\.a\.option: --data is an option or a setting of hotshard itself; choose another word/u],
    [dialled("fail-on"), /--fail-on is an option or/u],
    [dialled("vus"), /--vus is an option or/u],
    [dialled("secret"), /--secret is an option or/u],
    [dialled("users"), /--users is a dial of every scenario/u],
    [dialled("bots", "b: { option: 'bots', meaning: '', kind: 'text', default: '' }"), /--bots is named twice/u],
    ["export default {", /cannot be loaded/u],
  ];
  for (const [index, [text, expected]] of files.entries()) {
    const file = join(folder, `story-${index}.js`);
    writeFileSync(file, text);
    await assert.rejects(loadScenario(file), (error: Error & { code?: string }) => {
      assert.match(`${error.code}: ${error.message}`, expected);
      return !error.message.includes("\n");
    });
  }
  await assert.rejects(loadScenario(join(folder, "none.js")), /there is no file/u);
  await assert.rejects(loadScenario("zip"), /there is no scenario "zip"; there are random, lady-gaga/u);
});

/** A story in JavaScript whose lanes draw this. */
const drawing = (send: string) => `({
  name: "x", online: kit.onlineUsers(given), users: given.users, askedShare: null, isHot: () => false,
  lanes: () => kit.dealLanes(given, ({ user }) => ({ rate: 9, draw: () => ${send} })),
})`;

test("a story that fails, is none, or sends what nobody can send is said in one line before it is driven", async () => {
  const stories: readonly (readonly [string, RegExp])[] = [
    ["kit.nothing.more", /make failed \(Cannot read/u],
    ["null", /make must return \{ name, online/u],
    [drawing("undefined"), /make failed \(Cannot destructure/u],
    [drawing("({ author: user(0), to: user(0) })"), /author 1, to 1: nobody writes to themselves/u],
    [
      `({ ...${drawing("({ author: user(0), to: user(1) })")}, windows: [{ name: "a", fromS: 0, untilS: 9 }, { name: "b", fromS: 8, untilS: 10 }] })`,
      /windows must follow each other without overlap: look at the one named b/u,
    ],
    [`({ ...${drawing("({ author: user(0), to: user(1) })")}, maxErrors: 5 })`, /maxErrors must be 0 to 1, not 5/u],
    [drawing("({ author: 2, to: 1 })"), /author 2, to 1: the author must be one of the lane's own users/u],
    [drawing("({ author: user(0), to: given.users + 1 })"), /author 1, to 501: whom to must be 1 to users, 500/u],
    [
      drawing("({ author: user(0), to: 2 })").replace("rate: 9", "rate: NaN"),
      /rate of a lane must be 0 or more, not NaN/u,
    ],
    [drawing("({ author: user(0) })"), /to undefined: whom to must be/u],
  ];
  for (const [index, [made, expected]] of stories.entries()) {
    const file = join(folder, `made-${index}.js`);
    writeFileSync(file, `export default { name: "x", story: "x", dials: {}, make: (given, kit) => ${made} };`);
    const scenario = await loadScenario(file);
    assert.throws(
      () => scenario.make(DEFAULT_DIALS),
      (error: Error & { code?: string }) => {
        assert.match(`${error.code}: ${error.message}`, expected);
        return error.code === "BAD_SCENARIO" && !error.message.includes("\n");
      },
    );
  }
});
