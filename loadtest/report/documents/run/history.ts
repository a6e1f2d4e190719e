import type { HistoryCheck } from "../../../analysis/result/history-schema.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { anomaliesInWords, historyInWords } from "../../words/history.ts";
import { section, sentence, type Block } from "../model.ts";

/** Each anomaly that is shown, in a sentence, and below it the lines of the log that prove it. */
export const historyEvidence = ({ evidence }: HistoryCheck): Block[] =>
  evidence.flatMap(({ kind, dialog, says, lines }): Block[] => [
    ...sentence(`${kind}, dialog ${dialog}: ${says}`),
    { kind: "list", items: lines.map((line) => ({ text: `${line.says} (${line.where})` })) },
  ]);

/** What the operation log shows; nothing for a run that kept none. */
export function history({ audit }: Result): Block[] {
  if (audit.history === undefined) return [];
  const look = anomaliesInWords(audit.history) === "" ? undefined : "fail";
  const words = sentence(historyInWords(audit.history), look);
  return [section("history", "Histories", ...words, ...historyEvidence(audit.history))];
}
