import type { AnomalyKind } from "../../../../loadtest/analysis/history/anomaly.ts";
import type { Operation, PageRow } from "../../../../loadtest/measurement/operations.ts";
import type { Random } from "../../../../loadtest/stats/random.ts";
import { digestOf } from "./model.ts";
import {
  isPage,
  isMessage,
  pagesOf,
  isWhole,
  has,
  linesOf,
  pick,
  plain,
  pairsOf,
  replace,
  withPage,
  without,
  mustHold,
  isSettled,
  somePage,
  movedIn,
  APART_MS,
} from "./log-edits.ts";

/** One change of a valid log. @returns null: this log has nothing that can be changed so */
export interface Mutation {
  readonly name: string;
  readonly kind: AnomalyKind;
  readonly apply: (log: readonly Operation[], random: Random) => Operation[] | null;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "an acknowledged message is in no read",
    kind: "lost",
    apply(log, random) {
      const target = pick(plain(log), random);
      return target && without(log, target.name, pagesOf(log));
    },
  },
  {
    name: "a message is gone from every read after one that had it for good",
    kind: "vanished",
    apply(log, random) {
      const targets = plain(log).flatMap((one) => {
        const first = pagesOf(log).find((page) => has(page, one.name) && isSettled(page, one.id));
        const rest =
          first === undefined ? [] : pagesOf(log).filter((page) => page[5].begin > first[1] && has(page, one.name));
        return first !== undefined && rest.length > 0 ? [{ one, rest }] : [];
      });
      const target = pick(targets, random);
      return target && without(log, target.one.name, target.rest);
    },
  },
  {
    name: "a read that began after the acknowledgement lacks a message that a later one has",
    kind: "stale",
    apply(log, random) {
      const targets = plain(log).flatMap((one) => {
        const holders = pagesOf(log).filter((page) => has(page, one.name));
        const first = holders.find((page) => mustHold(page, one));
        if (first === undefined || holders.at(-1) === first) return [];
        return holders.some((page) => page[1] <= first[5].begin) ? [] : [{ one, first }];
      });
      const target = pick(targets, random);
      return target && without(log, target.one.name, [target.first]);
    },
  },
  {
    name: "a page lists a row twice",
    kind: "duplicated",
    apply(log, random) {
      const found = somePage(log, 1, random);
      const row = found && pick(found.rows, random);
      if (found === null || row === null) return null;
      const rows = found.rows.toSpliced(random.below(found.rows.length + 1), 0, row);
      return replace(log, new Map([[found.page, withPage(found.page, { rows })]]));
    },
  },
  {
    name: "a read lists a row of its newer page once more on its older one",
    kind: "duplicated",
    apply(log, random) {
      const pages = pagesOf(log);
      const pairs = pages.flatMap((page, index) => {
        const newer = pages[index - 1];
        const row = newer?.[5].rows[0];
        return row !== undefined && newer![4] === page[4] ? [{ page, row }] : [];
      });
      const pair = pick(pairs, random);
      if (pair === null) return null;
      return replace(log, new Map([[pair.page, withPage(pair.page, { rows: [...pair.page[5].rows, pair.row] })]]));
    },
  },
  {
    name: "the last read lists a message under a second id",
    kind: "duplicated",
    apply(log, random) {
      const page = pagesOf(log).at(-1)!;
      const names = new Set(plain(log).map(({ name }) => name.join()));
      const index = page[5].rows.findIndex(([author, seq]) => names.has(`${author},${seq}`));
      const row = page[5].rows[index];
      if (row === undefined) return null;
      const copy: PageRow = [row[0], row[1], String(BigInt(row[2]) + BigInt(1 + random.below(8))), row[3]];
      const rows = page[5].rows.toSpliced(index + 1, 0, copy);
      return replace(log, new Map([[page, withPage(page, { rows })]]));
    },
  },
  {
    name: "a message is acknowledged under another id than its own",
    kind: "duplicated",
    apply(log, random) {
      const target = pick(plain(log), random);
      const ack = target && linesOf(log, target.name).find(([code]) => code === "a");
      if (!ack || !target) return null;
      const id = String(BigInt(target.id) + BigInt(1 + random.below(8)));
      return replace(log, new Map([[ack, ["a", ack[1], ack[2], ack[3], ack[4], id]]]));
    },
  },
  {
    name: "a message is received a second time",
    kind: "duplicated",
    apply(log, random) {
      const received = log
        .filter(isMessage)
        .filter(([code, , , , , , , resend]) => code === "r" && resend === undefined);
      const line = pick(received, random);
      if (line === null) return null;
      return [...log, ["r", log.at(-1)![1] + 1, ...line.slice(2)] as unknown as Operation];
    },
  },
  {
    name: "two rows of a page change places",
    kind: "reordered",
    apply(log, random) {
      const found = somePage(log, 2, random);
      if (found === null) return null;
      const at = random.below(found.rows.length - 1);
      const [one, two] = found.rows.slice(at, at + 2);
      const rows = found.rows.toSpliced(at, 2, two!, one!);
      return replace(log, new Map([[found.page, withPage(found.page, { rows })]]));
    },
  },
  {
    name: "two messages of an author who waited have their ids changed over",
    kind: "reordered",
    apply(log, random) {
      const targets = pairsOf(log).filter(([one, two]) =>
        pagesOf(log).every((page) => has(page, one.name) === has(page, two.name)),
      );
      const pair = pick(targets, random);
      if (pair === null) return null;
      const ids = new Map([
        [pair[0].id, pair[1].id],
        [pair[1].id, pair[0].id],
      ]);
      return log.map((operation): Operation => {
        if (!isPage(operation))
          return operation.map((value) => ids.get(value as string) ?? value) as unknown as Operation;
        const rows = operation[5].rows.map((row): PageRow => [row[0], row[1], ids.get(row[2]) ?? row[2], row[3]]);
        return withPage(operation, { rows: rows.toSorted((a, b) => (BigInt(a[2]) < BigInt(b[2]) ? -1 : 1)) });
      });
    },
  },
  {
    name: "a reader gets a message after one that was sent when it was acknowledged",
    kind: "reordered",
    apply(log, random) {
      const pair = pick(pairsOf(log), random);
      if (pair === null) return null;
      const [first, second] = pair.map(({ name }) => linesOf(log, name).find(([code]) => code === "r")!);
      const late = [first![0], second![1], ...first!.slice(2)] as unknown as Operation;
      return log.flatMap((line) => (line === first ? [] : line === second ? [line, late] : [line]));
    },
  },
  {
    name: "a read calls stable what a message is still stored below",
    kind: "reordered",
    apply(log, random) {
      const all = plain(log);
      const targets = pagesOf(log)
        .filter(isWhole)
        .flatMap((page) => {
          const { before, begin, stable } = page[5];
          if (before !== undefined) return [];
          return all.flatMap(({ id, invokedAt }) =>
            BigInt(id) >= BigInt(stable) && invokedAt > begin + APART_MS ? [{ page, id }] : [],
          );
        });
      const target = pick(targets, random);
      if (target === null) return null;
      const stable = String(BigInt(target.id) + 1n);
      return replace(log, new Map([[target.page, withPage(target.page, { stable })]]));
    },
  },
  {
    name: "a page shows another text",
    kind: "phantom",
    apply(log, random) {
      const found = somePage(log, 1, random);
      if (found === null) return null;
      const at = random.below(found.rows.length);
      const row = found.rows[at]!;
      const rows = found.rows.with(at, [row[0], row[1], row[2], "other"]);
      return replace(log, new Map([[found.page, withPage(found.page, { rows })]]));
    },
  },
  {
    name: "a reader gets another text",
    kind: "phantom",
    apply(log, random) {
      const line = pick(
        log.filter(isMessage).filter(([code]) => code === "r"),
        random,
      );
      if (line === null) return null;
      return replace(log, new Map([[line, line.with(6, "other") as unknown as Operation]]));
    },
  },
  {
    name: "a page lists what nobody sent",
    kind: "phantom",
    apply(log, random) {
      const found = somePage(log, 1, random);
      if (found === null) return null;
      const at = random.below(found.rows.length);
      const row: PageRow = [found.page[2], 999, String(BigInt(found.rows[at]![2]) + 1n), "other"];
      const rows = found.rows.toSpliced(at + 1, 0, row);
      return replace(log, new Map([[found.page, withPage(found.page, { rows })]]));
    },
  },
  {
    name: "a message that was shown was never sent",
    kind: "phantom",
    apply(log, random) {
      const target = pick(plain(log), random);
      const line = target && linesOf(log, target.name).find(([code]) => code === "i");
      return line ? replace(log, new Map([[line, null]])) : null;
    },
  },
  {
    name: "a message that was shown was refused",
    kind: "phantom",
    apply(log, random) {
      const target = pick(plain(log), random);
      const line = target && linesOf(log, target.name).find(([code]) => code === "a");
      return line ? replace(log, new Map([[line, ["f", line[1], line[2], line[3], line[4], "OVERLOADED"]]])) : null;
    },
  },
  {
    name: "a message that moved is shown under its first id too, at the end",
    kind: "duplicated",
    apply(log, random) {
      const moved = pick(movedIn(log), random);
      const page = moved && pagesOf(log).findLast((one) => has(one, moved.name));
      if (!moved || !page) return null;
      const first: PageRow = [...moved.name, moved.ids[0]!, digestOf(...moved.name)];
      const rows = [...page[5].rows, first].toSorted((a, b) => (BigInt(a[2]) < BigInt(b[2]) ? -1 : 1));
      return replace(log, new Map([[page, withPage(page, { rows })]]));
    },
  },
  {
    name: "a message that moved is in no read",
    kind: "lost",
    apply(log, random) {
      const moved = pick(movedIn(log), random);
      return moved && without(log, moved.name, pagesOf(log));
    },
  },
];
