import { percent, plural, times } from "../../stats/format.ts";
import type { WhatIf } from "../../analysis/result/what-if.ts";

type Row = Pick<WhatIf["rows"][number], "placement" | "shards" | "maxOverMean">;

/** Page and terminal say the same. */

/** Whether a shard burns: above the target, and not by chance. What one key alone does to every layout is no chance. */
export const burnsToday = ({ input, today, target }: WhatIf): boolean =>
  today.maxOverMean > target &&
  (today.maxOverMean > today.noiseFloor.p99 || (today.pairs === undefined && input.topShare * today.shards > target));

/** Label and share of the fullest shard. */
export function fullestToday({ today }: WhatIf): { label: string; share: number } {
  const share = Math.max(...today.shares);
  return { label: String(today.shares.indexOf(share)).padStart(2, "0"), share };
}

/** `Today shard 02 takes 55.1 % of the messages: 2.20 × its fair share.` */
export function headlineToday(document: WhatIf): string {
  const { today } = document;
  if (today.shards === 1) return "One shard takes everything: there is nothing to balance.";
  const { label, share } = fullestToday(document);
  const takes = `shard ${label} takes ${percent(share)} of the messages, ${times(today.maxOverMean)} its fair share`;
  if (burnsToday(document)) return `On ${layoutInWords(document)} ${takes}.`;
  const chance = today.maxOverMean > document.target ? ", no more than chance with so few keys" : "";
  return `On ${layoutInWords(document)} no shard burns: ${takes}${chance}.`;
}

/** `slots, 4 shards,`; `slots, 4 shards, without its split 1_2 over 01, 02,`. */
function layoutInWords({ today: { placement, shards, overrides } }: WhatIf): string {
  const left = overrides.length > 2 ? `${overrides.length} pins and splits` : overrides.join(" and ");
  return `${placement}, ${plural(shards, "shard")},${left === "" ? "" : ` without its ${left},`}`;
}

/** What the same number of keys would do without a heavy one among them. */
export function chanceInWords({ today: { noiseFloor, pairs } }: WhatIf): string {
  const keys = pairs === undefined ? "keys" : "pairs of key and time bucket";
  return (
    `As many equally heavy ${keys} would lie at ${times(noiseFloor.mean)} by chance, below ` +
    `${times(noiseFloor.p99)} in 99 of 100 cases.`
  );
}

/** What was read: how much of it, and what each line was taken for when it had no count. */
export function inputInWords({ input }: WhatIf): string {
  const { messages, dialogs, topShare, readAs, leftOut } = input;
  const each = readAs?.eachOne === true ? "; each line was counted as one message" : "";
  const left = leftOut === null ? "" : `; ${leftOutInWords(leftOut)}`;
  return (
    `${plural(messages, "message")} of ${plural(dialogs, "key")}${each}${left}; the heaviest has ` +
    percent(topShare, topShare < 0.01 ? 3 : 1)
  );
}

function leftOutInWords({ lines, share, more }: NonNullable<WhatIf["input"]["leftOut"]>): string {
  if (lines === 0) return "the end of the file is missing";
  const of =
    `${plural(lines, "line")} (${share < 0.0005 ? "below 0.1 %" : percent(share)}) ` +
    `${lines === 1 ? "was" : "were"} left out`;
  return more ? `${of}, and the end of the file is missing` : of;
}

/** `Read as CSV: the key is dialog, the count n.`; empty when there is nothing to say. */
export function readingInWords({ input: { readAs } }: WhatIf): string {
  if (readAs === null) return "";
  const { format, key, time } = readAs;
  const parts = [
    ...(key === null ? [] : [`the key is ${key}`]),
    ...(readAs.count === null ? [] : [`the count is ${readAs.count}`]),
    ...(time === null ? [] : [`the time is ${time}`]),
  ];
  return `Read as ${format}${parts.length === 0 ? "" : `: ${parts.join(", ")}`}.`;
}

/** What the figures are, and what they are not. */
export const METHOD =
  "Every key was placed, nothing is estimated: the figures are those of hotshard's own hash and shard labels. " +
  "Another hash puts the same keys elsewhere.";

/** A placement's name as far as there is room for it: ranges may have many boundaries. */
export const briefly = (placement: string): string =>
  placement.length > 28 ? `${placement.slice(0, 27)}…` : placement;

/** How `range` got its boundaries, and what growth makes of them; null without such rows. */
export function rangeInWords(rows: readonly Row[], shards: number): string | null {
  const ranges = rows.filter(({ placement }) => placement === "range");
  const row = ranges.find((one) => one.shards === shards) ?? ranges[0];
  if (row === undefined) return null;
  return (
    "The boundaries of range were even when half of these keys were there, those with the lower ids. Ids grow, and the " +
    `last range gets what is new: ${times(row.maxOverMean)} on ${plural(row.shards, "shard")}.`
  );
}

/** What the user should know when nobody said what there is today. */
export const ASSUMED = "Nobody said what there is today, so this is assumed; --today modulo:16 would say so.";

/** What could not be used, and how often. */
export const faultInWords = ({ where, message, lines }: WhatIf["input"]["faults"][number]): string =>
  `${where}: ${message}.${lines > 1 ? ` ${plural(lines, "line")} have it.` : ""}`;
