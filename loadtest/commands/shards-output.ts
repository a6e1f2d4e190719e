import type { Topology } from "../../server/placement/contract.ts";
import { describeOverride } from "../../server/placement/overrides.ts";
import type { ShardsReply, ShardStatus } from "../../server/protocol/http.ts";
import type {
  ChangeReply,
  ChangeRequest,
  Forecast,
  MoveEnd,
  MoveStatus,
  MoveWork,
  Verification,
} from "../../server/protocol/shards.ts";
import { sentence, table, text, type Block, type Column } from "../report/documents/model.ts";
import { terminal, type Screen } from "../report/render/terminal.ts";
import { changeSentences } from "./changes-output.ts";
import { bytes, count, countOrNone, percent, perSecond, plural, times, waitInWords } from "../stats/format.ts";

/** `hotshard shards list`. */
export function shardsText(reply: ShardsReply, screen: Screen): string {
  const columns: readonly Column<ShardStatus>[] = [
    { name: "shard", width: 7, cell: ({ label }) => label },
    { ...text("state", { width: 12 }), cell: (shard) => stateOf(reply, shard) },
    { ...text("engine", { width: 9 }), cell: ({ engine, shaped }) => (shaped === null ? engine : `${engine}*`) },
    { name: "messages", width: 13, cell: ({ stored }) => countOrNone(stored?.rows) },
    { name: "size", width: 11, cell: ({ stored }) => (stored === undefined ? "–" : bytes(stored.bytes)) },
    { name: "queue", width: 8, cell: ({ queueRows }) => count(queueRows) },
    { name: "of new keys", width: 13, cell: ({ label }) => shareOf(reply.topology, label) },
  ];
  const shaped = reply.shards.some((shard) => shard.shaped !== null);
  return terminal(
    [
      [table<ShardStatus>({ caption: "", columns, rows: reply.shards })],
      sentence(shaped ? "* shaped: its commits are made slower than its database's." : null),
    ],
    screen,
  );
}

/** `hotshard shards status`. */
export function statusText(
  { changes = [], out = [], topology }: ShardsReply,
  { waiting, work }: MoveStatus,
  screen: Screen,
): string {
  const newest = topology.segments.at(-1)!;
  const closed = waiting === 0 ? "no older segments" : `${plural(waiting, "older segment")} not rebalanced yet`;
  return terminal(
    [
      [
        ...sentence(
          `Epoch ${topology.epoch}: ${newest.placement} over ${newest.shards.map(({ label }) => label).join(", ")}; ${closed}.`,
        ),
        ...newest.overrides.flatMap((override) => sentence(`${describeOverride(override)}.`)),
        ...out.flatMap(({ label, phase, reason }) => sentence(`Shard ${label} is ${phase}: ${reason}.`, "hot")),
        ...(work === null ? [] : sentence(`${workWords(work)}.`)),
      ],
      changeSentences(changes).flatMap((one) => sentence(one)),
    ],
    screen,
  );
}

/** What a change did, or would do. */
export function changeText(
  request: ChangeRequest,
  { applied, epoch, forecast, shard }: ChangeReply,
  screen: Screen,
): string {
  const what = `${wordsOf(request)}${shard === undefined ? "" : ` as shard ${shard}`}`;
  const head = applied
    ? `Done: ${what}. The topology is at epoch ${epoch}.`
    : `This would ${what}, and nothing has changed.`;
  const next = applied && forecast.rows > 0 ? sentence("Older messages follow with: hotshard shards rebalance") : [];
  return terminal([sentence(head), forecastBlocks(forecast), next], screen);
}

export function forecastText(forecast: Forecast, screen: Screen): string {
  return terminal([forecastBlocks(forecast)], screen);
}

/** How a rebalance ended. */
export function movedText({ copied, kept, removed }: NonNullable<MoveEnd["moved"]>, screen: Screen): string {
  const left =
    kept === 0
      ? []
      : sentence(`${plural(kept, "row")} stayed where no reader looks for them: hotshard shards verify`, "hot");
  return terminal(
    [[...sentence(`Rebalanced: ${plural(copied, "row")} copied, ${count(removed)} removed.`), ...left]],
    screen,
  );
}

/** `hotshard shards verify`. */
export function verificationText(found: Verification, screen: Screen): string {
  const { differing, dialogs, examples, match, messages, shards, twins, unreachable } = found;
  const head = match
    ? `Every message is on its owner, once: ${plural(messages, "message")} of ${plural(dialogs, "dialog")}.`
    : `The shards do not hold what they should: ${plural(messages, "message")} of ${plural(dialogs, "dialog")}.`;
  const columns: readonly Column<Verification["shards"][number]>[] = [
    { name: "shard", width: 7, cell: ({ shard }) => shard },
    { name: "rows", width: 13, cell: ({ rows }) => count(rows) },
    { name: "misplaced", width: 12, cell: ({ misplaced }) => count(misplaced) },
    { name: "left copies", width: 14, cell: ({ copies }) => count(copies) },
    { name: "digest", width: 20, cell: ({ digest }) => digest },
  ];
  const faults = [
    ...unreachable.map((shard) => `Shard ${shard} did not answer.`),
    ...(differing > 0 ? [`Held in two versions by two shards: ${plural(differing, "message")}.`] : []),
    ...(twins > 0 ? [`Stored under two ids: ${plural(twins, "message")}.`] : []),
    ...examples.map(
      ({ dialog, fault, message, owner, shard }) =>
        `${fault}: message ${message} of dialog ${dialog} is on shard ${shard}, and belongs to ${owner}.`,
    ),
  ];
  return terminal(
    [
      sentence(head, match ? undefined : "hot"),
      [table({ caption: "", columns, rows: shards })],
      faults.flatMap((one) => sentence(one)),
    ],
    screen,
  );
}

function forecastBlocks({
  bytes: stored,
  idealShare,
  maxOverMean,
  movedShare,
  notes,
  rows,
  rowsPerS,
  seconds,
}: Forecast): Block[] {
  const figures: readonly (readonly [string, string])[] = [
    ["keys that move", `${percent(movedShare)} (at least ${percent(idealShare)})`],
    ["max/mean", `${times(maxOverMean.before)} before, ${times(maxOverMean.after)} after`],
    [
      "a rebalance",
      rows === 0
        ? "moves nothing"
        : `moves ${plural(rows, "row")}, ${bytes(stored)}, in about ${waitInWords(seconds * 1_000)} at ${perSecond(rowsPerS)}`,
    ],
  ];
  const columns: readonly Column<readonly [string, string]>[] = [
    { name: "", width: 17, cell: ([name]) => name },
    { ...text(""), cell: ([, value]) => value },
  ];
  return [table({ caption: "", columns, rows: figures }), ...notes.flatMap((note) => sentence(`Note: ${note}.`))];
}

function wordsOf(request: ChangeRequest): string {
  switch (request.do) {
    case "add":
      return "add the database";
    case "drain":
      return `drain shard ${request.shard}`;
    case "put-back":
      return `send new messages to shard ${request.shard} again`;
    case "remove":
      return `remove shard ${request.shard}`;
    case "pin":
      return `pin dialog ${request.dialog} to shard ${request.shard}`;
    case "split":
      return `split dialog ${request.dialog} over ${request.parts} shards`;
    case "merge":
      return `merge dialog ${request.dialog}`;
    default:
      return `place new messages by ${request.placement}`;
  }
}

function workWords(work: MoveWork): string {
  const { active, duty, kind, moved, node, of, phase, remainingS, seen, shard } = work;
  const what = kind === "return" ? `shard ${shard} back` : phase === "copy" ? "copies" : "removals";
  const head = active ? `Server ${node} is at it` : "Left half-way, and goes on from there when it is begun again";
  const figures = [
    `${count(seen)}${of === null ? "" : ` of ${count(of)}`} rows seen`,
    `${count(moved)} moved`,
    ...(remainingS === null ? [] : [`${waitInWords(remainingS * 1_000)} left`]),
    ...(duty === null ? [] : [`at work ${percent(duty, 0)} of the time`]),
  ];
  return `${kind === "return" ? "A return" : "A rebalance"}, ${what}: ${figures.join(", ")}. ${head}`;
}

function stateOf({ out = [] }: ShardsReply, { label, state }: ShardStatus): string {
  return out.find((one) => one.label === label)?.phase ?? state;
}

/** By weight; `drained` for one that takes no new messages, `pins` for one that takes only those of overrides. */
function shareOf({ segments }: Topology, label: string): string {
  const { overrides, shards } = segments.at(-1)!;
  const total = shards.reduce((sum, { weight }) => sum + weight, 0);
  const own = shards.find((shard) => shard.label === label)?.weight;
  if (own !== undefined) return percent(own / total);
  const isPinned = overrides.some((one) => (one.action === "pin" ? one.shard === label : one.shards.includes(label)));
  return isPinned ? "pins" : "drained";
}
