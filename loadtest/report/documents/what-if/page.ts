import { escapeXml } from "../../render/escape.ts";
import { count, moment, percent, plural, times, unbroken } from "../../../stats/format.ts";
import { page } from "../../render/page.ts";
import { rankCurve } from "../../pictures/rank-size.ts";
import { drawShares } from "../../pictures/share-by-shard.ts";
import { skewBySize } from "../../pictures/skew-by-size.ts";
import { figure, paragraph, section } from "../../render/section.ts";
import { adviceList, whatIfTable } from "../run/remedies.ts";
import { table } from "../../render/table.ts";
import type { WhatIf } from "../../../analysis/result/what-if.ts";
import {
  ASSUMED,
  burnsToday,
  chanceInWords,
  fullestToday,
  headlineToday,
  inputInWords,
  METHOD,
  readingInWords,
} from "../../words/what-if.ts";

/** The answer of `hotshard whatif` as one HTML file; the same document gives the same bytes. */
export function whatIfPage(document: WhatIf): string {
  const body = [
    opening(document),
    section("advice", "What would fix it", adviceList(document.advice, document.today.maxOverMean)),
    layouts(document),
    sizes(document),
    worstMinutes(document),
    keys(document),
    section("again", "Ask again", `<pre><code>${escapeXml(document.command)}</code></pre>`),
  ].join("\n");
  return page({
    title: `${document.input.name}: ${headlineToday(document)}`,
    className: "valid",
    body,
    footer: `hotshard ${document.hotshard} · what if`,
  });
}

function opening(document: WhatIf): string {
  const { input, today } = document;
  const span = input.span === null ? "" : ` · ${moment(input.span.from)} to ${moment(input.span.to)}`;
  const read = input.readAs === null ? "" : ` · ${readingInWords(document)}`;
  const hot = burnsToday(document) ? fullestToday(document).label : undefined;
  const shards = today.shares.map((share, i) => ({
    label: String(i).padStart(2, "0"),
    share,
    messages: Math.round(share * input.messages),
  }));
  return (
    `<header><p class="where"><b>hotshard</b> · <b>what if</b> · ${escapeXml(`${input.name} · ${inputInWords(document)}${span}${read}`)}</p>` +
    faults(document) +
    `<h1>${escapeXml(headlineToday(document))}</h1>` +
    (today.assumed ? paragraph(ASSUMED, "lead soft") : "") +
    `</header>` +
    figure(
      {
        id: "share",
        title: "Share of the messages by shard, today",
        description: headlineToday(document),
        draw: (width) => drawShares({ shards, p99: today.noiseFloor.p99, hot }, width),
      },
      `Share of the messages by shard on ${today.placement}. ${chanceInWords(document)}`,
    )
  );
}

function faults({ input }: WhatIf): string {
  const items = input.faults.map(
    ({ code, where, message, lines }) =>
      `<li><b>${escapeXml(code)}</b> ${escapeXml(`${where}: ${message}.${lines > 1 ? ` ${count(lines)} lines have it.` : ""}`)}</li>`,
  );
  return items.length === 0 ? "" : `<ul class="reasons">${items.join("")}</ul>`;
}

function layouts({ rows, today }: WhatIf): string {
  const same = rows.filter(({ shards }) => shards === today.shards);
  return section(
    "layouts",
    `Every placement on ${plural(today.shards, "shard")}`,
    paragraph(METHOD) +
      table({
        caption: `Max/mean and keys that move from ${today.placement} on ${plural(today.shards, "shard")}`,
        head: ["Placement", "Max/mean", "Keys moved"],
        rows: same.map(({ placement, maxOverMean, movedFromToday }) => [
          placement,
          times(maxOverMean),
          percent(movedFromToday),
        ]),
        rowClass: (row) => (same[row]!.placement === today.placement ? "now" : ""),
      }),
  );
}

function sizes(document: WhatIf): string {
  const { rows, today, input } = document;
  const top = `The heaviest key has ${percent(input.topShare, 2)} of the messages: a shard that holds it is never below that share`;
  return section(
    "sizes",
    "Every number of shards",
    paragraph(`${top}, whatever the placement. That bound is the dashed curve; only a split lowers it.`) +
      figure(
        skewBySize(document),
        `Max/mean by number of shards, both scales logarithmic; the horizontal line is the target of ${document.target}.`,
      ) +
      whatIfTable(rows, today.placement),
  );
}

function worstMinutes({ rows, today }: WhatIf): string {
  const same = rows.filter(({ shards, worstMinute }) => shards === today.shards && worstMinute !== null);
  if (same.length === 0) return "";
  return section(
    "minutes",
    "The worst minute",
    paragraph(
      "What is even over a day may burn for a minute. Of the minutes with at least half of the mean minute's messages, the one in which the fullest shard stood out most. By chance: what the worst of them stays below in 95 of 100 cases even if every message has a key of its own.",
    ) +
      table({
        caption: `Worst minute of every placement on ${plural(today.shards, "shard")}`,
        head: ["Placement", "Max/mean overall", "In the worst minute", "By chance", "Messages in it", "It began"],
        words: new Set([5]),
        rows: same.map(({ placement, maxOverMean, worstMinute }) => [
          placement,
          times(maxOverMean),
          times(worstMinute!.maxOverMean),
          times(worstMinute!.chance),
          count(worstMinute!.messages),
          unbroken(moment(worstMinute!.at)),
        ]),
        rowClass: (row) => (same[row]!.placement === today.placement ? "now" : ""),
      }),
  );
}

function keys(document: WhatIf): string {
  const { topDialogs, popularity, today } = document;
  const fair = 1 / today.shards;
  return section(
    "dialogs",
    "The heaviest keys",
    paragraph(`A shard's fair share is ${percent(fair)}: a key that comes near it fills a shard alone.`) +
      figure(
        rankCurve(popularity, fair),
        "Share of the messages of every key, heaviest first; both scales logarithmic.",
      ) +
      table({
        caption: "Heaviest keys, and the shard that has them today",
        head: ["Rank", "Key", "Share", "Shard"],
        words: new Set([1]),
        rows: topDialogs.map(({ rank, dialog, share, shard }) => [
          String(rank),
          dialog,
          { html: percent(share, 2), className: share > fair / 2 ? "hot" : "" },
          shard,
        ]),
      }),
  );
}
