import type { Result } from "../../../analysis/result/result.ts";
import type { Slice } from "../../../measurement/measurement.ts";
import { inMarkdown, section, type Block } from "../model.ts";
import { changes } from "./changes.ts";
import { failures, windows } from "./failures.ts";
import { history } from "./history.ts";
import { advice, blastRadius, headroom, whatIf } from "./remedies.ts";
import { latency, messagesByShard } from "./shards.ts";
import { causes, hotDialogs, overTime } from "./skew.ts";
import { thresholds } from "./thresholds.ts";
import { again, audit, generator } from "./trust.ts";

/** What follows the first screen, for the page and for Markdown: each part may be empty, or be for one of them. */
export const runParts = (result: Result, slices: readonly Slice[], counts: readonly number[]): Block[][] => [
  failures(result, slices),
  changes(result, slices),
  windows(result),
  thresholds(result),
  [inMarkdown(section("shards", "Messages by shard", messagesByShard(result)))],
  overTime(result, slices),
  causes(result),
  hotDialogs(result, counts),
  [latency(result)],
  blastRadius(result),
  headroom(result),
  advice(result),
  whatIf(result),
  audit(result),
  history(result),
  generator(result),
  again(result),
];
