import type { Slice } from "../../../measurement/measurement.ts";
import { chance, count, percent, plural, times } from "../../../stats/format.ts";
import { causeSteps } from "../../pictures/cause-steps.ts";
import { heatStrip } from "../../pictures/heat-strip.ts";
import { rankSize } from "../../pictures/rank-size.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { figure, paragraph, section } from "../../render/section.ts";
import { table } from "../../render/table.ts";
import { causesIn, hottestShard, knowsNoShares } from "../../words/run.ts";

/** Shard × time. */
export function overTime(result: Result, slices: readonly Slice[]): string {
  const picture = heatStrip(result, slices);
  if (picture === null) return "";
  const caption = "Acknowledged messages per second. Dashed: the measured phase begins after the warm-up, and ends.";
  return section("time", "Shard by shard, second by second", figure(picture, caption));
}

function hashWords(result: Result): string {
  const { hashTest, distinctPairs } = result.skew;
  if (hashTest === null) return "The hash was not tested: too few dialogs.";
  const { chiSquare, degreesOfFreedom, pValue } = hashTest;
  const tested = distinctPairs === undefined ? "distinct dialogs" : "distinct pairs of dialog and time bucket";
  const finding = pValue < 0.001 ? "The hash is suspect." : "Nothing speaks against the hash.";
  return `${finding} χ² = ${chiSquare.toFixed(1)} with ${plural(degreesOfFreedom, "degree")} of freedom, p = ${chance(pValue)}, over ${tested} (messages of one dialog are not independent).`;
}

/** Where the skew comes from: factors, their intervals, and the test of the hash. */
export function causes(result: Result): string {
  if (result.shards.length === 1 || knowsNoShares(result)) return "";
  const { skew } = result;
  const { causes: factors } = skew;
  if (factors === null) return "";
  const shown = causesIn(factors);
  return section(
    "causes",
    "Where the skew comes from",
    paragraph(`${shown.length === 4 ? "Four" : "Five"} factors; their product is the observed max/mean.`) +
      figure(
        causeSteps(result, factors),
        "On a logarithmic scale. Whiskers: 95 % intervals of the simulation behind each factor.",
      ) +
      table({
        caption: "What each factor means, and the interval in which 95 % of the simulated runs lie",
        head: ["Factor", "Times", "Interval", "What it says"],
        words: new Set([3]),
        rows: [
          ...shown.map(({ name, label, meaning }) => {
            const { factor, low, high } = factors[name];
            return [label, times(factor), `${low.toFixed(2)} to ${high.toFixed(2)}`, meaning];
          }),
          ["Observed", times(skew.maxOverMean), "", "largest shard over the mean of all"],
        ],
        rowClass: (row) => (row === shown.length ? "now" : ""),
      }) +
      paragraph(hashWords(result), "soft"),
  );
}

/** The heaviest dialogs, with how far their counts can be wrong, and the whole popularity curve. */
export function hotDialogs(result: Result, counts: readonly number[]): string {
  if (result.hotDialogs.length === 0) return "";
  const { asked, realised } = result.traffic.topDialogShare;
  const fair = 1 / Math.max(1, result.shards.length);
  const hot = hottestShard(result)?.label;
  const story =
    asked === null
      ? `The most frequent dialog has ${percent(realised, 2)} of the messages.`
      : `The story asked for ${percent(asked)} of the messages to be hot; ${percent(realised)} were.`;
  return section(
    "dialogs",
    "The hot dialogs",
    paragraph(`${story} A shard's fair share is ${percent(fair)}: a dialog that comes near it fills a shard alone.`) +
      figure(
        rankSize(result, counts),
        "Share of the messages of every dialog, heaviest first; both scales logarithmic.",
      ) +
      table({
        caption: `Heaviest dialogs, by ${result.skew.of} messages`,
        head: ["Rank", "Dialog", "Share", "Error at most", "Messages", "Shard"],
        words: new Set([1]),
        rows: result.hotDialogs.map(({ rank, dialog, name, share, error, shard }) => [
          String(rank),
          name === undefined ? dialog : `${name} (${dialog})`,
          { html: percent(share, 2), className: share > fair / 2 && shard === hot ? "hot" : "" },
          error === 0 ? "exact" : percent(error, 2),
          count(Math.round(share * result.shards.reduce((sum, { offered }) => sum + offered, 0))),
          shard,
        ]),
      }),
  );
}
