import { hash } from "node:crypto";
import { LIMITS } from "../../../server/protocol/frames.ts";
import type { DialogReply } from "../../../server/protocol/http.ts";
import { parseDialog, dialogId } from "../../../server/placement/dialog.ts";
import { createOperationFile, READS_FILE } from "../../drivers/operation-file.ts";
import { clientNumber } from "../../measurement/failed-messages.ts";
import { isKept, logMs, OPERATIONS, textDigest, type Page, type PageRow } from "../../measurement/operations.ts";
import type { Action } from "../../traffic/contract.ts";
import type { ServerClient } from "../server-client.ts";

/** Between two reads while the run goes on, ms. */
const SAMPLE_MS = 100;
/** Of a sample: its pages are small, as those that people open are. */
const SAMPLE = { limit: 50, pages: 3 } as const;
/** Planned messages that are looked at for one whose dialog is kept, between two reads. */
const MOST_DRAWN = 2_000;
/** Dialogs that are read at the same time at the end. */
const LANES = 8;
/** Longest time for them all, ms: what is left is told as unread. */
const MOST_MS = 120_000;
/** A server that fails so often in a row is not asked any more. */
const MOST_FAILURES = 20;

export interface ReaderOrder {
  readonly client: Pick<ServerClient, "messages">;
  readonly folder: string;
  readonly runId: string;
  /** Of the dialogs, in (0, 1]. */
  readonly share: number;
  /** Messages in the order of the schedule; null: no more. */
  readonly next: () => Action | null;
}

/** Reads histories beside a run, as somebody who opens a dialog does, and writes each page to the operation log. */
export interface HistoryReader {
  /** Opens a dialog now and then, those that are written to often come often. */
  readonly start: () => void;
  /** Resolves when no page is under way any more. */
  readonly stop: () => Promise<void>;
  /** Each of them from its newest message to its oldest. */
  readonly readAll: (dialogs: readonly string[]) => Promise<void>;
  /** @throws when the disk did not take all of it */
  close(): Promise<void>;
}

/** Its file counts from this call on. */
export function createHistoryReader({ client, folder, runId, share, next }: ReaderOrder): HistoryReader {
  const origin = performance.now();
  const now = () => performance.now() - origin;
  const file = createOperationFile(folder, READS_FILE, { version: 2, run: runId, share, startedAt: Date.now() });
  let reads = 0;
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<unknown> = Promise.resolve();
  let isIdle = true;

  /** @throws {ConfigError} as the client */
  async function read(dialog: string, limit: number, most: number): Promise<void> {
    const number = ++reads;
    const members = parseDialog(dialog);
    if (members === null || !("users" in members)) throw new Error(`${dialog} is no dialog of two users`);
    const [lower, higher] = members.users;
    let before: string | undefined;
    for (let pages = 0; pages < most; pages++) {
      const begin = logMs(now());
      const reply = await client.messages(dialog, { limit, ...(before !== undefined && { before }) });
      file.add([OPERATIONS.page, logMs(now()), lower, higher, number, pageOf(runId, begin, before, reply)]);
      if (reply.next === undefined) return;
      before = reply.next;
    }
  }

  function sample(): void {
    const dialog = isIdle ? nextKept(next, share) : null;
    if (dialog === null) return;
    isIdle = false;
    // What a sample does not learn the reads at the end do.
    underWay = read(dialog, SAMPLE.limit, SAMPLE.pages)
      .catch(() => {})
      .finally(() => (isIdle = true));
  }

  return {
    start: () => void (timer ??= setInterval(sample, SAMPLE_MS)),
    async stop() {
      clearInterval(timer);
      await underWay;
    },
    async readAll(dialogs) {
      const until = performance.now() + MOST_MS;
      const rest = dialogs.values();
      let failures = 0;
      const lane = async () => {
        for (const dialog of rest) {
          if (failures >= MOST_FAILURES || performance.now() > until) return;
          try {
            await read(dialog, LIMITS.page, Infinity);
            failures = 0;
          } catch {
            failures++;
          }
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    },
    close: () => file.close(),
  };
}

function nextKept(next: () => Action | null, share: number): string | null {
  for (let drawn = 0; drawn < MOST_DRAWN; drawn++) {
    const action = next();
    if (action === null) return null;
    if (isKept(action.user, action.target, share)) return dialogId(action.user, action.target);
  }
  return null;
}

/** What other runs, or people, wrote in the dialog is no part of this run. */
function pageOf(runId: string, begin: number, before: string | undefined, reply: DialogReply): Page {
  const rows = reply.messages.flatMap(({ client, from, message, text, to = 0 }): PageRow[] => {
    if (!client.startsWith(`${runId}-`)) return [];
    return [[from, clientNumber(client, runId, from, to), message, textDigest(hash("md5", text, "hex"))]];
  });
  return {
    begin,
    ...(before !== undefined && { before }),
    ...(reply.next !== undefined && { next: reply.next }),
    stable: reply.stable,
    ...(reply.partial !== undefined && { partial: reply.partial }),
    rows,
  };
}
