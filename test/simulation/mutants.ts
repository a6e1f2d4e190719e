/** One deliberate fault of the protocol. */
export interface Mutant {
  readonly name: string;
  /** Of docs/topology.md. */
  readonly rule: "S" | "F" | "R" | "G" | "E" | "M" | "B" | "W" | "-";
  /** Each piece of text must be in its file exactly once. */
  readonly edits: readonly Edit[];
  /**
   * What it leaves out is covered by another rule too, or shows in a schedule that thousands of seeds do not bring: hunted
   * by `--covered`, and no part of the score.
   */
  readonly isCovered?: true;
}

export interface Edit {
  /** From the root of the repository. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const FOLLOWER = "server/topology/follower.ts";
const ADMISSION = "server/topology/admission.ts";
const DATABASE = "test/simulation/database.ts";
const DATABASE_STORE = "test/simulation/database-store.ts";
const RESEND = "server/chat/resend.ts";
const SEND = "server/chat/send.ts";
const HISTORY = "server/chat/history.ts";
const STATE = "server/topology/state.ts";
const IDS = "server/topology/ids.ts";
const REBALANCE = "server/topology/mover/rebalance.ts";
const FAILOVER = "server/topology/failover.ts";

function mutant(rule: Mutant["rule"], name: string, file: string, find: string, replace: string): Mutant {
  return { name, rule, edits: [{ file, find, replace }] };
}

/** Rules of which one alone is covered by others, or rare: see `isCovered`. */
const COVERED: ReadonlySet<string> = new Set([
  "a change seals no shard",
  "a former owner is asked before it is sealed",
  "a first try that waits here for its commit is not waited for",
  "a read takes a shard that is not sealed yet",
  "what was sent over a lost connection is called stable",
  "what is not granted yet is called stable",
  "a mover without the token goes on",
  "rows are moved while a shard is out",
]);

/** Each rule left out in turn, and what has gone wrong elsewhere; the simulation must catch every one. */
const ALL: readonly Mutant[] = [
  mutant(
    "S",
    "a change seals no shard",
    FOLLOWER,
    "await patiently(clock, SEAL_MS, Promise.all(sealable.map(trySeal)));",
    "",
  ),
  mutant(
    "F",
    "a commit asks no fence",
    DATABASE,
    "(holds(rows, fence) ? store(rows) : allFenced(rows.length))",
    "store(rows)",
  ),
  mutant(
    "F",
    "the fence is read in its own statement before the insert",
    DATABASE_STORE,
    "insert: (rows, fence) => writes.command((database) => database.insert(rows, fence)),",
    `insert: async (rows, fence) => {
      if (await writes.command((database) => database.holds(rows, fence)))
        return writes.command((database) => database.store(rows));
      return { others: new Map(rows.map((_, at) => [at, "fenced"])) };
    },`,
  ),
  {
    rule: "F",
    name: "the fence knows the incarnation alone",
    edits: [
      { file: DATABASE, find: " || row.epoch !== epoch", replace: "" },
      { file: DATABASE, find: "return row.closedBelow <= BigInt(smallestId(rows));", replace: "return true;" },
    ],
  },
  mutant(
    "R",
    "a refused batch is simply minted anew",
    RESEND,
    "await follower.refresh();\n    await lookUp(sending);",
    "await follower.refresh();\n    way.store(sending);",
  ),
  mutant(
    "R",
    "a new id is minted though the topology has changed since the look-up began",
    RESEND,
    "if (views.current() === view) return way.store(sending);",
    "return way.store(sending);",
  ),
  mutant(
    "R",
    "only one former owner is asked",
    RESEND,
    "view.triesOf(dialog, user, frame.id);",
    "view.triesOf(dialog, user, frame.id).slice(0, 1);",
  ),
  mutant(
    "R",
    "a former owner is asked before it is sealed",
    RESEND,
    "await Promise.all(tries.map((shard) => follower.seal(shard)));",
    "",
  ),
  mutant(
    "R",
    "a first try that waits here for its commit is not waited for",
    RESEND,
    "await Promise.all(tries.map((shard) => shard.writer.drain()));",
    "",
  ),
  mutant(
    "R",
    "what waited for a change of the topology is stored without a look-up",
    SEND,
    "resend.look(sending);",
    "store(sending);",
  ),
  mutant(
    "R",
    "the part of a split is chosen by the message id",
    "server/placement/router.ts",
    "splitPart(key.author, key.client, parts.length)",
    "Number((key.id >> 10n) % BigInt(parts.length))",
  ),
  mutant(
    "G",
    "a boundary lies in the past",
    "server/topology/document.ts",
    "const boundary = later(unusedOf(state), BigInt(placed.topology.segments.at(-1)!.from) + 1n);",
    "const boundary = BigInt(placed.topology.segments.at(-1)!.from) + 1n;",
  ),
  mutant(
    "G",
    "a server renews its grant beyond a boundary that it does not know",
    STATE,
    `if (state.topology !== undefined && state.topology.epoch > own.epoch) return { state, result: "behind" };`,
    "",
  ),
  mutant(
    "G",
    "a grant begins at the clock",
    STATE,
    "const from = later(unusedOf(state), least);",
    "const from = least;",
  ),
  mutant("G", "a server mints on when its grant has ended", IDS, "if (time >= untilMs) return null;", ""),
  mutant("G", "ids follow a clock that is set back", IDS, "if (wall <= time) return;", "if (wall === time) return;"),
  mutant(
    "E",
    "a read does not look at the epoch of the shards",
    HISTORY,
    "if (newest <= epoch && behind.length === 0) return",
    "return",
  ),
  mutant("E", "a read takes a shard that is not sealed yet", HISTORY, "part.epoch < epoch)", "false)"),
  mutant(
    "W",
    "what is under way here is called stable",
    HISTORY,
    "owners.map((shard) => shard.oldestPending() ?? fresh).reduce(smaller, fresh)",
    "fresh",
  ),
  mutant(
    "W",
    "what is under way on other servers is called stable",
    HISTORY,
    "(floor === null ? least : smaller(least, floor))",
    "least",
  ),
  mutant(
    "W",
    "what was sent over a lost connection is let in later",
    ADMISSION,
    "const first = later(BigInt(held.from), firstOf(label, isNew));",
    "const first = BigInt(held.from);",
  ),
  mutant(
    "W",
    "what was sent over a lost connection is called stable",
    "server/shards/writer.ts",
    "unsure ??= batch.rows[0]!;",
    "{}",
  ),
  mutant(
    "W",
    "a server that reaches a shard late begins below what readers called stable",
    ADMISSION,
    "holder.ids.pass(above);\n    return above;",
    "return 0n;",
  ),
  mutant(
    "W",
    "what is not granted yet is called stable",
    IDS,
    "return time < grantedMs ? composeId(time, counter, node) : composeId(grantedMs, 0, 0);",
    "return composeId(time, counter, node);",
  ),
  mutant(
    "W",
    "a page shows a message twice while it is moved",
    HISTORY,
    "id !== sorted[index - 1]?.id",
    "id !== undefined || index > 0",
  ),
  mutant(
    "-",
    "a message is acknowledged that may not be stored",
    SEND,
    `return resend.mayFollow(sending, outcome)`,
    `if (outcome.error === "SHARD_UNAVAILABLE" && sending.row !== null) {
          return acknowledge(sending, { id: sending.row.id, duplicate: false, queueMs: 0, commitMs: 0 });
        }
        return resend.mayFollow(sending, outcome)`,
  ),
  {
    rule: "M",
    name: "one row of a chunk is dropped, and nothing is compared",
    edits: [
      {
        file: REBALANCE,
        find: "await session.copy(label, rows.slice(start));",
        replace: "if (rows.length > start + 1) await session.copy(label, rows.slice(start + 1));",
      },
      {
        file: "server/topology/mover/equality.ts",
        find: "return here.rows === keys.length && there.rows === keys.length && here.sum === there.sum;",
        replace: "return true;",
      },
    ],
  },
  mutant(
    "M",
    "one row of a chunk is dropped",
    REBALANCE,
    "await session.copy(label, rows.slice(start));",
    "if (rows.length > start + 1) await session.copy(label, rows.slice(start + 1));",
  ),
  mutant(
    "M",
    "the source is deleted before the topology says where its rows are",
    REBALANCE,
    "if (await holdAlike(source, session.shard(label), keysOf(group))) return group.length;",
    "if (await holdAlike(source, session.shard(label), keysOf(group))) return session.remove(source.label, keysOf(group));",
  ),
  mutant(
    "M",
    "the source is deleted before the verify",
    REBALANCE,
    "if (await holdAlike(source, session.shard(label), keysOf(group))) return group.length;",
    `await session.remove(source.label, keysOf(group));
          if (await holdAlike(source, session.shard(label), keysOf(group))) return group.length;`,
  ),
  mutant(
    "M",
    "the source is deleted by a range of ids",
    REBALANCE,
    "const keys = await alike(source, session.shard(label), keysOf(group));",
    "const keys = keysOf(rows);",
  ),
  mutant(
    "M",
    "the topology is rewritten before the rows are copied",
    "server/topology/mover/mover.ts",
    "await passOver(session, copyPass(session), passParts);",
    "",
  ),
  mutant(
    "M",
    "rows are copied from a shard that is not sealed",
    "server/topology/mover/pass.ts",
    "await session.seal(label);",
    "",
  ),
  {
    rule: "M",
    name: "a mover without the token goes on",
    edits: [
      {
        file: DATABASE,
        find: '(shard.mover === token ? keys.filter(drop).length : "fenced")',
        replace: "keys.filter(drop).length",
      },
      { file: DATABASE, find: 'if (shard.mover !== token) return { outcome: "fenced" };', replace: "" },
    ],
  },
  mutant(
    "B",
    "what was sent again elsewhere stays on a shard that returns",
    "server/topology/mover/return.ts",
    "if (twins.length === 0) return 0;",
    "return 0;",
  ),
  mutant(
    "B",
    "a shard that was lost is shown at once when it answers",
    FAILOVER,
    "out: state.out.map(returning),",
    "out: state.out.filter((one) => one.label !== label),",
  ),
  mutant("B", "rows are moved while a shard is out", REBALANCE, "if (out.length === 0) return;", "return;"),
  mutant(
    "-",
    "the parts of a split are salted by a hash",
    "server/placement/overrides.ts",
    "return rendezvousOrder(dialog, labels).slice(0, k);",
    `return Array.from({ length: k }, (_, part) => {
    hashText(\`\${dialog}#\${part}\`, 0, words);
    return labels[words[0]! % labels.length]!;
  });`,
  ),
];

export const MUTANTS: readonly Mutant[] = ALL.map((one) => (COVERED.has(one.name) ? { ...one, isCovered: true } : one));
