import type {
  MessageOperation,
  Operation,
  Page,
  PageOperation,
  PageRow,
} from "../../../../loadtest/measurement/operations.ts";
import type { Random } from "../../../../loadtest/stats/random.ts";

/** What is looked for in valid logs, and changed in them, by their mutations. */
type Found = { readonly page: PageOperation; readonly rows: readonly PageRow[] };

/** Moments that are farther apart than the clocks of a machine. */
export const APART_MS = 60;

export const isPage = (operation: Operation): operation is PageOperation => operation[0] === "p";
export const isMessage = (operation: Operation): operation is MessageOperation => operation[0] !== "p";
export const pagesOf = (log: readonly Operation[]): PageOperation[] => log.filter(isPage);
export const isWhole = ([, , , , , { partial }]: PageOperation): boolean => partial === undefined;
export const has = (page: PageOperation, [author, seq]: readonly [number, number]): boolean =>
  page[5].rows.some((row) => row[0] === author && row[1] === seq);
export const linesOf = (log: readonly Operation[], [author, seq]: readonly [number, number]): MessageOperation[] =>
  log.filter(isMessage).filter((line) => line[2] === author && line[4] === seq);

export function pick<T>(all: readonly T[], random: Random): T | null {
  return all.length === 0 ? null : all[random.below(all.length)]!;
}

/** Messages with one id, acknowledged, received once. */
export function plain(
  log: readonly Operation[],
): { name: readonly [number, number]; id: string; ackedAt: number; invokedAt: number }[] {
  return log.filter(isMessage).flatMap(([code, ackedAt, author, , seq, id]) => {
    if (code !== "a") return [];
    const name = [author, seq] as const;
    const lines = linesOf(log, name);
    const invoked = lines.filter(([one]) => one === "i");
    const received = lines.filter(([one]) => one === "r");
    const ids = new Set([
      ...received.map((line) => line[5]),
      ...pagesOf(log).flatMap((page) =>
        page[5].rows.flatMap((row) => (row[0] === author && row[1] === seq ? [row[2]] : [])),
      ),
    ]);
    if (invoked.length !== 1 || received.length !== 1 || ids.size !== 1) return [];
    return [{ name, id: id!, ackedAt, invokedAt: invoked[0]![1] }];
  });
}

/** Two messages of one author, the first acknowledged before the second was sent. */
export function pairsOf(log: readonly Operation[]) {
  const all = plain(log);
  return all.flatMap((one) =>
    all.flatMap((two) => (one.name[0] === two.name[0] && one.ackedAt < two.invokedAt ? [[one, two] as const] : [])),
  );
}

export function replace(log: readonly Operation[], changes: ReadonlyMap<Operation, Operation | null>): Operation[] {
  return log.flatMap((operation) => {
    const changed = changes.get(operation);
    return changed === undefined ? [operation] : changed === null ? [] : [changed];
  });
}

export const withPage = (page: PageOperation, change: Partial<Page>): PageOperation => [
  ...(page.slice(0, 5) as unknown as [code: "p", at: number, lower: number, higher: number, read: number]),
  { ...page[5], ...change },
];

/** Takes a message out of pages. What `next` promised stays: a server that lacks a row does not move the others. */
export function without(
  log: readonly Operation[],
  [author, seq]: readonly [number, number],
  pages: readonly PageOperation[],
) {
  const changes = pages.map((page): [Operation, Operation] => {
    const rows = page[5].rows.filter((row) => !(row[0] === author && row[1] === seq));
    return [page, withPage(page, { rows })];
  });
  return replace(log, new Map(changes));
}

/** Whether a page's range and moment make it hold an acknowledged message. */
export function mustHold(
  page: PageOperation,
  { id, ackedAt }: { readonly id: string; readonly ackedAt: number },
): boolean {
  const { before, next, begin } = page[5];
  const isInside =
    (before === undefined || BigInt(id) < BigInt(before)) && (next === undefined || BigInt(id) >= BigInt(next));
  return isWhole(page) && isInside && ackedAt + APART_MS < begin;
}

export const isSettled = (page: PageOperation, id: string): boolean =>
  isWhole(page) && BigInt(id) < BigInt(page[5].stable);

/** Pages with some rows, and one of them by chance. */
export function somePage(log: readonly Operation[], least: number, random: Random): Found | null {
  const page = pick(
    pagesOf(log).filter((one) => one[5].rows.length >= least),
    random,
  );
  return page && { page, rows: page[5].rows };
}

/** Messages with two ids, the later one acknowledged. */
export function movedIn(log: readonly Operation[]) {
  return log.filter(isMessage).flatMap(([code, , author, , seq, id]) => {
    const name = [author, seq] as const;
    if (code !== "a") return [];
    const received = linesOf(log, name).filter(([one]) => one === "r");
    const ids = new Set([...received.map((line) => line[5]!), id!]);
    return ids.size === 2 ? [{ name, ids: [...ids].toSorted((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)) }] : [];
  });
}
