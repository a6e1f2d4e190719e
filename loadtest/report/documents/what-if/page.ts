import type { WhatIf, WhatIfRow } from "../../../analysis/result/what-if.ts";
import { count, moment, percent, plural, times, unbroken } from "../../../stats/format.ts";
import { popularityCurve } from "../../pictures/rank-size.ts";
import { drawShares } from "../../pictures/share-by-shard.ts";
import { skewBySize } from "../../pictures/skew-by-size.ts";
import {
  ASSUMED,
  burnsToday,
  chanceInWords,
  faultInWords,
  fullestToday,
  headlineToday,
  inputInWords,
  METHOD,
  rangeInWords,
  readingInWords,
} from "../../words/what-if.ts";
import { section, sentence, table, text, type Block, type Page } from "../model.ts";
import { adviceList, whatIfTable } from "../run/remedies.ts";

/** The answer of `hotshard whatif`. */
export function whatIfPage(document: WhatIf): Page {
  const { input, today, advice, command } = document;
  const headline = headlineToday(document);
  const span = input.span === null ? [] : [`${moment(input.span.from)} to ${moment(input.span.to)}`];
  const read = input.readAs === null ? [] : [readingInWords(document)];
  return {
    title: `${input.name}: ${headline}`,
    isValid: true,
    names: ["hotshard", "what if"],
    where: [input.name, inputInWords(document), ...span, ...read],
    reasons: input.faults.map((fault) => ({ name: fault.code, text: faultInWords(fault) })),
    headline,
    lead: today.assumed ? sentence(ASSUMED, "lead soft") : [],
    opening: [shareToday(document)],
    parts: [
      [section("advice", "What would fix it", adviceList(advice, `now ${times(today.maxOverMean)}`))],
      [layouts(document)],
      [sizes(document)],
      worstMinutes(document),
      [keys(document)],
      [section("again", "Ask again", { kind: "command", text: command })],
    ],
    footer: `hotshard ${document.hotshard} · what if`,
  };
}

function shareToday(document: WhatIf): Block {
  const { input, today } = document;
  const hot = burnsToday(document) ? fullestToday(document).label : undefined;
  const shards = today.shares.map((share, i) => ({
    label: String(i).padStart(2, "0"),
    share,
    messages: Math.round(share * input.messages),
  }));
  return {
    kind: "picture",
    picture: {
      id: "share",
      title: "Share of the messages by shard, today",
      description: headlineToday(document),
      draw: (width) => drawShares({ shards, p99: today.noiseFloor.p99, hot }, width),
    },
    caption: `Share of the messages by shard on ${today.placement}. ${chanceInWords(document)}`,
  };
}

const PLACEMENT = { name: "Placement", cell: ({ placement }: WhatIfRow) => placement };

function layouts({ rows, today }: WhatIf): Block {
  const on = plural(today.shards, "shard");
  return section(
    "layouts",
    `Every placement on ${on}`,
    ...sentence(METHOD),
    ...sentence(rangeInWords(rows, today.shards)),
    table<WhatIfRow>({
      caption: `Max/mean and keys that move from ${today.placement} on ${on}`,
      columns: [
        PLACEMENT,
        { name: "Max/mean", cell: ({ maxOverMean }) => times(maxOverMean) },
        { name: "Keys moved", cell: ({ movedFromToday }) => percent(movedFromToday) },
      ],
      rows: rows.filter(({ shards }) => shards === today.shards),
      isMarked: ({ placement }) => placement === today.placement,
    }),
  );
}

function sizes(document: WhatIf): Block {
  const { rows, today, input, target } = document;
  const apart = rangeInWords(rows, today.shards) === null ? "" : " Range is in the table alone.";
  const top = `The heaviest key has ${percent(input.topShare, 2)} of the messages`;
  return section(
    "sizes",
    "Every number of shards",
    ...sentence(
      `${top}: a shard that holds it is never below that share, whatever the placement. ` +
        "That bound is the dashed curve; only a split lowers it.",
    ),
    {
      kind: "picture",
      picture: skewBySize(document),
      caption: `Max/mean by number of shards, both scales logarithmic; the horizontal line is the target of ${target}.${apart}`,
    },
    whatIfTable(rows, today.placement),
  );
}

function worstMinutes({ rows, today }: WhatIf): Block[] {
  const same = rows.flatMap(({ worstMinute: worst, ...row }) =>
    row.shards === today.shards && worst !== null ? [{ ...row, worst }] : [],
  );
  if (same.length === 0) return [];
  return [
    section(
      "minutes",
      "The worst minute",
      ...sentence(
        "What is even over a day may burn for a minute. Of the minutes with at least half of the mean minute's " +
          "messages, the one in which the fullest shard stood out most. By chance: what the worst of them stays " +
          "below in 95 of 100 cases even if every message has a key of its own.",
      ),
      table<(typeof same)[number]>({
        caption: `Worst minute of every placement on ${plural(today.shards, "shard")}`,
        columns: [
          { name: "Placement", cell: ({ placement }) => placement },
          { name: "Max/mean overall", cell: ({ maxOverMean }) => times(maxOverMean) },
          { name: "In the worst minute", cell: ({ worst }) => times(worst.maxOverMean) },
          { name: "By chance", cell: ({ worst }) => times(worst.chance) },
          { name: "Messages in it", cell: ({ worst }) => count(worst.messages) },
          { ...text("It began"), cell: ({ worst }) => unbroken(moment(worst.at)) },
        ],
        rows: same,
        isMarked: ({ placement }) => placement === today.placement,
      }),
    ),
  ];
}

function keys({ topDialogs, popularity, today }: WhatIf): Block {
  const fair = 1 / today.shards;
  return section(
    "dialogs",
    "The heaviest keys",
    ...sentence(`A shard's fair share is ${percent(fair)}: a key that comes near it fills a shard alone.`),
    {
      kind: "picture",
      picture: popularityCurve(popularity, fair),
      caption: "Share of the messages of every key, heaviest first; both scales logarithmic.",
    },
    table<(typeof topDialogs)[number]>({
      caption: "Heaviest keys, and the shard that has them today",
      columns: [
        { name: "Rank", cell: ({ rank }) => String(rank) },
        { ...text("Key"), cell: ({ dialog }) => dialog },
        { name: "Share", cell: ({ share }) => ({ text: percent(share, 2), look: share > fair / 2 ? "hot" : "" }) },
        { name: "Shard", cell: ({ shard }) => shard },
      ],
      rows: topDialogs,
    }),
  );
}
