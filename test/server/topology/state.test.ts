import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../../server/config-error.ts";
import { singleSegment } from "../../../server/placement/topology.ts";
import { ID_EPOCH_MS, MAX_MESSAGE_ID } from "../../../server/placement/message-id.ts";
import {
  adopt,
  freshState,
  giveBack,
  idAt,
  LEAST_GRANT_MS,
  renewGrant,
  takeGrant,
  type State,
  type Taken,
  type Wish,
} from "../../../server/topology/state.ts";
import { startTopology } from "../../../server/topology/document.ts";
import { parseState, stateText } from "../../../server/topology/state-text.ts";

const OURS = "0".repeat(31) + "1";
const THEIRS = "0".repeat(31) + "2";
const NOW = ID_EPOCH_MS + 1_000_000;
const LEASE = 10_000;
const FRESH = freshState(OURS);
const ONE = singleSegment({ labels: ["00"], placement: "slots" });

function take(state: State, wish: Partial<Wish> = {}): { state: State } & Taken {
  const { now = NOW } = wish;
  const all = { now, wall: now, leaseMs: LEASE, incarnation: 7, avoid: new Set<number>(), above: 0n, ...wish };
  const { result, state: next } = takeGrant(state, all);
  return { state: next, ...result };
}

const text = (id: bigint) => id.toString();
const code = (wanted: string) => (error: unknown) => error instanceof ConfigError && error.code === wanted;

test("the first grant: node 0, from the clock, for one lease", () => {
  const { grant, previous, state } = take(FRESH);
  assert.deepEqual(grant, { node: 0, incarnation: 7, from: text(idAt(NOW)), until: text(idAt(NOW + LEASE)) });
  assert.equal(previous, null);
  assert.deepEqual(state.grants, [{ ...grant, held: true }]);
  assert.deepEqual(FRESH.grants, [], "the state it was is as it was");
});

test("a number is taken again when its grant is over, or was given back, and not before", () => {
  const first = take(FRESH);
  const second = take(first.state, { now: NOW + 1 });
  assert.deepEqual([second.grant.node, second.previous], [1, null]);
  const back = giveBack(second.state, first.grant, idAt(NOW + 40));
  const third = take(back, { now: NOW + 50 });
  assert.deepEqual([third.grant.node, third.grant.incarnation, third.previous], [0, 8, 7]);
  const over = take(first.state, { now: NOW + LEASE, incarnation: 100 });
  assert.deepEqual([over.grant.node, over.grant.incarnation, over.previous], [0, 100, 7]);
  assert.equal(over.grant.from, text(idAt(NOW + LEASE)));
});

test("a number that others use is not taken; when all are in use the error says what to do", () => {
  assert.equal(take(FRESH, { avoid: new Set([0, 1, 3]) }).grant.node, 2);
  const all = new Set(Array.from({ length: 1_024 }, (_, node) => node));
  assert.throws(() => take(FRESH, { avoid: all }), code("NO_NODE_NUMBER"));
});

test("whoever starts is above every id that was granted before; what was given back unused does not count", () => {
  const crashed = take(FRESH);
  assert.equal(take(crashed.state, { now: NOW + 1 }).grant.from, crashed.grant.until);
  const setBack = take(crashed.state, { now: NOW - 3_600_000 });
  assert.equal(setBack.grant.from, crashed.grant.until);
  const left = giveBack(crashed.state, crashed.grant, idAt(NOW + 5));
  assert.equal(take(left, { now: NOW + 20 }).grant.from, text(idAt(NOW + 20)));
  assert.equal(take(left, { now: NOW - 20 }).grant.from, text(idAt(NOW + 5)));
  assert.equal(take(left, { above: idAt(NOW + 60_000) }).grant.from, text(idAt(NOW + 60_000)));
});

test("a node's clock that is later than the store's is what its ids are granted for, and ends nobody's grant", () => {
  const first = take(FRESH);
  const second = take(first.state, { wall: NOW + LEASE + 5_000 });
  assert.deepEqual([second.grant.node, second.grant.from], [1, text(idAt(NOW + LEASE + 5_000))]);
  assert.equal(second.grant.until, text(idAt(NOW + LEASE + 5_000 + LEASE)));
});

test("a hundred crashes, one every 300 ms, leave ids within a lease and the least grant of the clock", () => {
  let state = FRESH;
  for (let i = 0; i < 100; i++) {
    const now = NOW + i * 300;
    const next = take(state, { now });
    assert.ok(BigInt(next.grant.until) <= idAt(now + LEASE + LEAST_GRANT_MS), `crash ${i}`);
    assert.ok(BigInt(next.grant.until) >= BigInt(next.grant.from) + (idAt(NOW + LEAST_GRANT_MS) - idAt(NOW)));
    state = next.state;
  }
});

const renew = (state: State, { grant }: Pick<Taken, "grant">, at: bigint, now: number, own = {}) =>
  renewGrant(state, { cluster: OURS, settled: true, grant, at, epoch: 1, ...own }, { now, wall: now, leaseMs: LEASE });

const untilOf = ({ result }: ReturnType<typeof renew>) => (typeof result === "string" ? result : result.until);

test("a renewal reaches a lease ahead of the clock, and never ends earlier than before", () => {
  const first = take(FRESH);
  const renewed = renew(first.state, first, idAt(NOW + 5_000), NOW + 5_000);
  assert.deepEqual(renewed.result, { ...first.grant, until: text(idAt(NOW + 5_000 + LEASE)) });
  assert.deepEqual(renewed.state.grants, [{ ...first.grant, until: untilOf(renewed), held: true }]);
  assert.equal(untilOf(renew(first.state, first, idAt(NOW), NOW - 60_000)), first.grant.until);
  const ahead = renew(first.state, first, idAt(NOW + 90_000), NOW + 5_000);
  assert.equal(untilOf(ahead), text(idAt(NOW + 90_000 + LEAST_GRANT_MS)));
});

test("a grant whose number was taken by a later incarnation is not renewed, and giving it back changes nothing", () => {
  const first = take(FRESH);
  const second = take(first.state, { now: NOW + LEASE });
  assert.equal(second.grant.node, first.grant.node);
  assert.equal(renew(second.state, first, idAt(NOW), NOW + LEASE).result, "taken");
  assert.equal(giveBack(second.state, first.grant, idAt(NOW)), second.state);
});

test("a node that does not know the newest topology gets no ids beyond its grant", () => {
  const first = take({ ...FRESH, topology: { ...ONE, epoch: 2 } });
  assert.deepEqual(renew(first.state, first, idAt(NOW), NOW), { state: first.state, result: "behind" });
  assert.notEqual(renew(first.state, first, idAt(NOW), NOW, { epoch: 2 }).result, "behind");
});

test("a state that was lost, or put back from a copy, learns of the grant and of the identity again", () => {
  const first = take(FRESH);
  const lost = renew(freshState(THEIRS), first, idAt(NOW), NOW);
  assert.deepEqual([lost.state.cluster, lost.state.settled, lost.state.grants.length], [OURS, true, 1]);
  const older = { ...first.state, grants: [{ ...first.state.grants[0]!, incarnation: 3 }] };
  assert.equal(renew(older, first, idAt(NOW), NOW).state.grants[0]!.incarnation, first.grant.incarnation);
  const foreign = { ...freshState(THEIRS), settled: true };
  assert.throws(() => renew(foreign, first, idAt(NOW), NOW), code("OTHER_STATE"));
});

test("a fresh state takes the identity of the shards; one that a shard carries keeps its own", () => {
  const adopted = adopt(FRESH, THEIRS);
  assert.deepEqual([adopted.cluster, adopted.settled], [THEIRS, true]);
  assert.equal(adopt(adopted, THEIRS), adopted, "nothing to write");
  assert.throws(() => adopt(adopted, OURS), code("OTHER_STATE"));
  assert.deepEqual(adopt(FRESH, OURS), { ...FRESH, settled: true });
});

test("when no ids are left it says so", () => {
  const { state, grant } = take(FRESH);
  const last = { ...state, grants: [{ ...grant, until: MAX_MESSAGE_ID.toString(), held: false }] };
  assert.throws(() => take(last), code("NO_IDS"));
});

test("the document comes back as it was written", () => {
  const { state } = take(take(FRESH).state);
  assert.deepEqual(parseState(stateText(state, "state.json"), "state.json"), state);
});

test("a document that cannot be right is refused whole, in one line that says which, what, and what to do", () => {
  const { state } = take(take(FRESH).state);
  const good = stateText(state, "state.json");
  const placed = startTopology(state, ONE, false);
  assert.deepEqual(parseState(stateText(placed, "state.json"), "state.json"), placed);
  const [row0, row1] = state.grants;
  const cases: [string, string, RegExp][] = [
    ["", "BAD_STATE", /it is empty/],
    [good.slice(0, -20), "BAD_STATE", /its end is missing/],
    ["null", "BAD_STATE", /the whole/],
    [JSON.stringify({ ...state, version: 3, more: [] }), "NEWER_STATE", /version 3.*version 2/],
    [JSON.stringify({ ...state, topology: {} }), "BAD_STATE", /epoch is not an integer/],
    [JSON.stringify({ ...placed, epoch: 1 }), "BAD_STATE", /epoch is no field/],
    [JSON.stringify({ ...placed, topology: { ...ONE, epoch: 2 } }), "BAD_STATE", /its topology was edited/],
    [JSON.stringify({ ...state, version: 0 }), "BAD_STATE", /version/],
    [JSON.stringify({ ...state, cluster: "mine" }), "BAD_STATE", /cluster/],
    [JSON.stringify({ ...state, revision: -1 }), "BAD_STATE", /revision/],
    [JSON.stringify({ ...state, more: 1 }), "BAD_STATE", /: more is no field/],
    [JSON.stringify({ ...state, grants: [row0, row0] }), "BAD_STATE", /node 0 does not stand after node 0/],
    [JSON.stringify({ ...state, grants: [row1, row0] }), "BAD_STATE", /node 0 does not stand after node 1/],
    [JSON.stringify({ ...state, grants: [{ ...row0, node: 1_024 }] }), "BAD_STATE", /grants\/0\/node/],
    [JSON.stringify({ ...state, grants: [{ ...row0, from: "x" }] }), "BAD_STATE", /grants\/0\/from/],
    [JSON.stringify({ ...state, grants: [{ ...row0, until: "1" }] }), "BAD_STATE", /node 0 ends before it begins/],
    [JSON.stringify({ ...state, grants: [{ ...row0, until: "9".repeat(19) }] }), "BAD_STATE", /beyond every id/],
  ];
  for (const [document, wanted, says] of cases) {
    assert.throws(
      () => parseState(document, "data/state.json"),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError, document);
        assert.equal(error.code, wanted, error.message);
        assert.match(error.message, /^data\/state\.json.*(?:put back a copy|use the program)/);
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
      document,
    );
  }
});

test("version 1 is read: it said of the topology only which one it was", () => {
  const { cluster, grants, revision, settled } = take(FRESH).state;
  const layout = { epoch: 1, fingerprint: "0123456789abcdef" };
  const old = JSON.stringify({ version: 1, cluster, settled, revision, layout, grants });
  assert.deepEqual(parseState(old, "state.json"), take(FRESH).state);
});
