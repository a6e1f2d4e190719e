import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { loadScenario } from "../../loadtest/own-scenario.ts";
import { DEFAULT_DIALS, parseDials } from "../../loadtest/traffic/dials.ts";
import { findScenario } from "../../loadtest/traffic/stories/registry.ts";

const EXAMPLE = join(import.meta.dirname, "../../examples/support-desk.ts");
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
    assert.ok(send !== null && lane.hasAuthor(send.author) && send.author <= 3 !== send.to <= 3, JSON.stringify(send));
  }
  assert.deepEqual(parseDials(scenario, { agents: "0" }), {
    faults: ['agents must be a whole number, at least 1 and at most 100, not "0".'],
  });
  assert.deepEqual(parseDials(scenario, { agents: "50", users: "20" }), {
    faults: ["agents must be fewer than the users online."],
  });
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
    [drawing("({ author: 2, to: 1 })"), /author 2, to 1: the author must be one of the lane's own users/u],
    [drawing("({ author: user(0), to: given.users + 1 })"), /author 1, to 501: whom to must be 1 to users, 500/u],
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
