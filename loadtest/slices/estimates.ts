import { createRandom } from "../traffic/random.ts";
import { blockBootstrap, blockLength, type StandardErrors } from "./block-bootstrap.ts";
import { createLogValues } from "./measures.ts";
import { inBlocks, type RunSeries } from "./series.ts";

/** Every figure of `measuresOf`, natural logarithms, with its standard error from the run's own slices. */
export interface Estimates extends StandardErrors {
  readonly logs: Float64Array;
}

/** The same series gives the same estimates. @param series of at least 2 cells */
export function estimatesOf(series: RunSeries): Estimates {
  const cells = series.seconds.length;
  const logs = createLogValues(series)(new Float64Array(cells).fill(1));
  const statistics = createLogValues(inBlocks(series, blockLength(cells)));
  return { logs, ...blockBootstrap(cells, statistics, createRandom(5, cells).uniform) };
}
