import { dialogId } from "../../../server/placement/dialog.ts";
import { OPERATIONS, type Operation } from "../../measurement/operations.ts";
import { ANOMALY_KINDS, type Anomaly, type AnomalyKind, type HistoryVerdict } from "./anomaly.ts";
import { createDialogHistory, type DialogHistory } from "./dialog-history.ts";
import { judgeDialog } from "./judge-dialog.ts";

/** Anomalies of one kind that are shown with their lines: what proves one proves the run wrong. */
const SHOWN = 3;

/** Takes a log line by line. */
export interface HistoryChecker {
  /** Lines of one author, and of one reader, in their order; those of several as they come. */
  readonly add: (operation: Operation) => void;
  /** Dialogs with a message that was sent, or anything that was shown. */
  dialogs(): string[];
  /** Judges all of it. A second call is an error of the program. */
  finish(): HistoryVerdict;
}

/**
 * Finds what a chat of append-only dialogs must not do, in time that grows with the log, in the spirit of the
 * list-append checker of Elle (Kingsbury & Alvaro, VLDB 2020): each message is appended once, its id gives its place,
 * and so the version order needs no search. What each kind means is in `docs/checker.md`.
 *
 * Each dialog is judged by itself: what is kept of it are its messages and the lists of its pages.
 */
export function createHistoryChecker(): HistoryChecker {
  const dialogs = new Map<string, DialogHistory>();
  let operations = 0;
  let pages = 0;

  function historyOf(a: number, b: number): DialogHistory {
    const id = dialogId(a, b);
    let history = dialogs.get(id);
    if (history === undefined) dialogs.set(id, (history = createDialogHistory(Math.min(a, b), Math.max(a, b))));
    return history;
  }

  return {
    add(operation) {
      const history = historyOf(operation[2], operation[3]);
      if (operation[0] === OPERATIONS.page) {
        pages++;
        history.addPage(operation, operations);
      } else history.add(operation, operations);
      operations++;
    },
    dialogs: () => [...dialogs.keys()],
    finish() {
      const counted = { steps: operations };
      const anomalies = Object.fromEntries(ANOMALY_KINDS.map((kind) => [kind, 0])) as Record<AnomalyKind, number>;
      const evidence: Anomaly[] = [];
      let [messages, unread, twins] = [0, 0, 0];
      for (const [dialog, history] of dialogs) {
        const judged = judgeDialog(history, counted);
        messages += judged.messages;
        twins += judged.twins;
        if (!judged.isRead) unread++;
        for (const { kind, tell } of judged.faults)
          if (++anomalies[kind] <= SHOWN) evidence.push({ kind, dialog, ...tell() });
      }
      return { operations, dialogs: dialogs.size, messages, pages, unread, twins, anomalies, evidence, ...counted };
    },
  };
}

/** Judges a whole log. @param operations as for `HistoryChecker.add` */
export function checkHistory(operations: Iterable<Operation>): HistoryVerdict {
  const checker = createHistoryChecker();
  for (const operation of operations) checker.add(operation);
  return checker.finish();
}
