import type { Result } from "../../../analysis/result/result.ts";
import type { Slice } from "../../../measurement/measurement.ts";
import { chance, count, percent, plural, times } from "../../../stats/format.ts";
import { causeSteps } from "../../pictures/cause-steps.ts";
import { heatStrip } from "../../pictures/heat-strip.ts";
import { rankSize } from "../../pictures/rank-size.ts";
import { causesIn, hottestShard, knowsNoShares } from "../../words/run.ts";
import { inMarkdown, listed, onPage, section, sentence, table, text, type Block, type Column } from "../model.ts";

type HotDialog = Result["hotDialogs"][number];

/** Shard × time. */
export function overTime(result: Result, slices: readonly Slice[]): Block[] {
  const picture = heatStrip(result, slices);
  if (picture === null) return [];
  const caption = "Acknowledged messages per second. Dashed: the measured phase begins after the warm-up, and ends.";
  return [onPage(section("time", "Shard by shard, second by second", { kind: "picture", picture, caption }))];
}

function hashWords(result: Result): string {
  const { hashTest, distinctPairs } = result.skew;
  if (result.server.placement.startsWith("range")) return "No hash was tested: range places by ids alone.";
  if (hashTest === null) return "The hash was not tested: too few dialogs.";
  const { chiSquare, degreesOfFreedom, pValue } = hashTest;
  const tested = distinctPairs === undefined ? "distinct dialogs" : "distinct pairs of dialog and time bucket";
  const finding = pValue < 0.001 ? "The hash is suspect." : "Nothing speaks against the hash.";
  const freedom = `${plural(degreesOfFreedom, "degree")} of freedom`;
  return (
    `${finding} χ² = ${chiSquare.toFixed(1)} with ${freedom}, p = ${chance(pValue)}, over ${tested} ` +
    "(messages of one dialog are not independent)."
  );
}

/** Factors whose product is the observed max/mean; without shares to tell them from, the product alone. */
function factorTable({ skew }: Result): Block {
  const { causes } = skew;
  const known = (causes === null ? [] : causesIn(causes)).map(({ name, label, meaning }) => {
    const { factor, low, high } = causes![name];
    return [label, times(factor), `${low.toFixed(2)} to ${high.toFixed(2)}`, meaning];
  });
  return table({
    caption: "What each factor means, and the interval in which 95 % of the simulated runs lie",
    columns: listed("Factor", "Times", "95 % interval", text("What it says")),
    rows: [...known, ["Observed", times(skew.maxOverMean), "", "largest shard over the mean of all"]],
    isMarked: (_, index) => index === known.length,
  });
}

/** Where the skew comes from: factors, their intervals, and the test of the hash. */
export function causes(result: Result): Block[] {
  if (knowsNoShares(result)) return [];
  const { causes: factors, ...skew } = result.skew;
  const floor = `chance alone ${times(skew.noiseFloor.mean)}, at most ${times(skew.noiseFloor.p99)} in 99 of 100 runs`;
  const figures =
    `Max/mean ${times(skew.maxOverMean)} (${floor}); ` +
    `${skew.effectiveShards.toFixed(1)} effective shards of ${result.shards.length}; CV ${percent(skew.cv)}; ` +
    `Gini ${skew.gini.toFixed(3)}; ${plural(skew.distinctDialogs, "dialog")}.`;
  const isExplained = factors !== null && result.shards.length > 1;
  const caption = "On a logarithmic scale. Whiskers: 95 % intervals of the simulation behind each factor.";
  const many = factors !== null && causesIn(factors).length === 4 ? "Four" : "Five";
  const whole = section(
    "causes",
    "Where the skew comes from",
    inMarkdown(...sentence(figures)),
    onPage(...sentence(`${many} factors; their product is the observed max/mean.`), {
      kind: "picture",
      picture: factors && causeSteps(result, factors),
      caption,
    }),
    factorTable(result),
    onPage(...sentence(hashWords(result), "soft")),
  );
  return [isExplained ? whole : inMarkdown(whole)];
}

/** The heaviest dialogs, with how far their counts can be wrong, and the whole popularity curve. */
export function hotDialogs(result: Result, counts: readonly number[]): Block[] {
  if (result.hotDialogs.length === 0) return [];
  const { asked, realised } = result.traffic.topDialogShare;
  const fair = 1 / Math.max(1, result.shards.length);
  const hot = hottestShard(result)?.label;
  const all = result.shards.reduce((sum, { offered }) => sum + offered, 0);
  const story =
    asked === null
      ? `The most frequent dialog has ${percent(realised, 2)} of the messages.`
      : `The story asked for ${percent(asked)} of the messages to be hot; ${percent(realised)} were.`;
  const columns: Column<HotDialog>[] = [
    { name: "Rank", cell: ({ rank }) => String(rank) },
    { ...text("Dialog"), cell: ({ dialog, name }) => (name === undefined ? dialog : `${name} (${dialog})`) },
    {
      name: "Share",
      cell: ({ share, shard }) => ({
        text: percent(share, 2),
        look: share > fair / 2 && shard === hot ? "hot" : "",
      }),
    },
    { name: "Error at most", cell: ({ error }) => (error === 0 ? "exact" : percent(error, 2)) },
    { name: "Messages", cell: ({ share }) => count(Math.round(share * all)) },
    { name: "Shard", cell: ({ shard }) => shard },
  ];
  return [
    section(
      "dialogs",
      "The hot dialogs",
      onPage(
        ...sentence(
          `${story} A shard's fair share is ${percent(fair)}: a dialog that comes near it fills a shard alone.`,
        ),
        {
          kind: "picture",
          picture: rankSize(result, counts),
          caption: "Share of the messages of every dialog, heaviest first; both scales logarithmic.",
        },
      ),
      table({ caption: `Heaviest dialogs, by ${result.skew.of} messages`, columns, rows: result.hotDialogs }),
    ),
  ];
}
