import type { Result } from "../../analysis/result/result.ts";
import { count, duration, percent, plural, seconds } from "../../stats/format.ts";

type Change = NonNullable<Result["changes"]>[number];

/** `shard 01 is lost` */
export function changeInWords({ kind, shard = "" }: Pick<Change, "kind" | "shard">): string {
  const words: Readonly<Record<Change["kind"], string>> = {
    lost: `shard ${shard} is lost`,
    back: `shard ${shard} answers again`,
    "take-out": `shard ${shard} is taken out`,
    "put-back": `shard ${shard} is put back`,
    shown: `shard ${shard} shows its history`,
    add: `shard ${shard} is added`,
    drain: `shard ${shard} is drained`,
    rebalance: "a rebalance",
  };
  return words[kind];
}

/** `Shard 01 was lost and came back: each of 3,000 acknowledged messages is stored.` Null when there is no such thing. */
export function changeHeadline({ audit, changes = [] }: Result): string | null {
  if (audit.match !== true || changes.length === 0) return null;
  const of = (kind: Change["kind"]): string[] =>
    changes.flatMap((change) => (change.kind === kind ? (change.shard ?? []) : []));
  const [lost, added, drained] = [of("lost")[0], of("add")[0], of("drain")[0]];
  const events = [
    ...(lost === undefined ? [] : [`shard ${lost} was lost and came back`]),
    ...(added === undefined ? [] : [`shard ${added} was added`]),
    ...(drained === undefined ? [] : [`shard ${drained} was drained`]),
  ];
  if (events.length === 0) return null;
  const text = events.join(", ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}: each of ${plural(audit.acked, "acknowledged message")} is stored.`;
}

/** `At 5.2 s shard 01 is lost; at 7.3 s shard 01 is taken out; …` Null when nobody looked. */
export function changesInWords({ changes = [] }: Result): string | null {
  if (changes.length === 0) return null;
  const rows = changes.map((change) => {
    const { atS, keys, untilS } = change;
    const lasted = untilS === undefined ? "" : ` of ${seconds(untilS - atS)}`;
    const moved = keys === undefined ? "" : ` (${movedInWords(keys)})`;
    return `at ${atS.toFixed(1)} s ${changeInWords(change)}${lasted}${moved}`;
  });
  const text = rows.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** `20.8 % of the dialogs go elsewhere, at least 20.0 % must` */
function movedInWords({ ideal, moved }: NonNullable<Change["keys"]>): string {
  return `${percent(moved)} of the dialogs go elsewhere, ideal ${percent(ideal)}`;
}

/** `During the change 812 dialogs wrote: half waited at most 7 ms …` Null when the run was no rehearsal. */
export function stallsInWords({ stalls }: Result): string | null {
  if (stalls === undefined) return null;
  const { dialogs, max, p50, p99 } = stalls;
  return (
    `Longest wait for an acknowledgement of each of ${plural(dialogs, "dialog")} that wrote in the second window: ` +
    `p50 ${duration(p50)}, p99 ${duration(p99)}, longest ${duration(max)}.`
  );
}

/** What is not where it belongs, by the shards' own word; null: everything is, or they were not asked. */
export function misplacedInWords({ placed }: Pick<Result, "placed">): string | null {
  if (placed === undefined) return null;
  const { differing, misplaced } = placed;
  const faults = [
    ...(misplaced > 0 ? [`${plural(misplaced, "message")} on another shard than their owner, which lacks them`] : []),
    ...(differing > 0 ? [`${plural(differing, "message")} of which two shards hold different versions`] : []),
  ];
  return faults.length === 0 ? null : `The shards hold ${faults.join(", and ")}.`;
}

/** `Every one of 3,000 messages is on its owner, once.` Null when they were not compared. */
export function placedInWords(result: Pick<Result, "placed">): string | null {
  const { placed } = result;
  if (placed === undefined) return null;
  const faults = misplacedInWords(result);
  if (faults !== null) return faults;
  const { copies, match, messages, twins, unreachable } = placed;
  if (match) return `Compared shard by shard: each of ${plural(messages, "message")} is on its owner, once.`;
  const rest = [
    ...(copies > 0 ? [`${count(copies)} on another shard too`] : []),
    ...(twins > 0 ? [`${count(twins)} under two ids`] : []),
    ...(unreachable.length > 0 ? [`shards ${unreachable.join(", ")} did not answer`] : []),
  ];
  return `Compared shard by shard: each of ${plural(messages, "message")} is on its owner; ${rest.join("; ")}.`;
}
