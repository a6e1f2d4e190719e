import type { Comparison } from "../analysis/result/comparison.ts";
import type { Capacity } from "../analysis/result/capacity.ts";
import type { Result } from "../analysis/result/result.ts";
import type { WhatIf } from "../analysis/result/what-if.ts";
import type { Slice } from "../measurement/measurement.ts";
import { comparisonPage, comparisonScreen, comparisonSummary } from "./documents/comparison/documents.ts";
import { sentence } from "./documents/model.ts";
import { runPage } from "./documents/run/page.ts";
import { runScreen } from "./documents/run/terminal.ts";
import { runSuite } from "./documents/run/suite.ts";
import { runSummary } from "./documents/run/summary.ts";
import { whatIfPage } from "./documents/what-if/page.ts";
import { whatIfScreen } from "./documents/what-if/screen.ts";
import { junit } from "./render/junit.ts";
import { markdown } from "./render/markdown.ts";
import { htmlPage } from "./render/page.ts";
import { columnsOf, terminal, wrap, type Screen } from "./render/terminal.ts";
import { capacityInWords } from "./words/capacity.ts";
import { faultInWords } from "./words/what-if.ts";

/** Every document in every medium. */

/** @param counts messages per dialog, heaviest first; empty when nobody kept them */
export const htmlReport = (result: Result, slices: readonly Slice[], counts: readonly number[] = []): string =>
  htmlPage(runPage(result, slices, counts));

export const markdownReport = (result: Result): string => markdown(runSummary(result));

export const junitReport = (result: Result): string => junit(runSuite(result));

export const terminalReport = (result: Result, screen: Screen, environment?: NodeJS.ProcessEnv): string =>
  terminal(runScreen(result, columnsOf(screen)), screen, environment);

export const htmlComparison = (comparison: Comparison): string => htmlPage(comparisonPage(comparison));

export const markdownComparison = (comparison: Comparison): string => markdown(comparisonSummary(comparison));

export const terminalComparison = (comparison: Comparison, screen: Screen, environment?: NodeJS.ProcessEnv): string =>
  terminal(comparisonScreen(comparison), screen, environment);

export const htmlWhatIf = (document: WhatIf): string => htmlPage(whatIfPage(document));

export const terminalWhatIf = (document: WhatIf, screen: Screen): string =>
  terminal(whatIfScreen(document, columnsOf(screen)), screen);

export const terminalCapacity = (capacity: Capacity, screen: Screen): string =>
  terminal([capacityInWords(capacity).flatMap((words) => sentence(words))], screen);

/** What could not be used, a line each; empty when all of the input was. */
export const whatIfFaults = ({ input }: WhatIf, screen: Screen): string =>
  input.faults.map((fault) => `${wrap(`${fault.code}: ${faultInWords(fault)}`, columnsOf(screen))}\n`).join("");
