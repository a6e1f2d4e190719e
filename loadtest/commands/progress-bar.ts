import { percent, perSecond, shortCount, waitInWords } from "../stats/format.ts";
import { bar, columnsOf, type Screen } from "../report/render/terminal.ts";

/** How far something is. */
export interface Progress {
  readonly what: string;
  readonly seen: number;
  /** Null when nobody knows. */
  readonly of: number | null;
  readonly perS?: number | null;
  readonly remainingS?: number | null;
}

/** A line on stderr that says how far something is: always the same one on a terminal, elsewhere a new one now and then. */
export interface ProgressBar {
  show(progress: Progress): void;
  /** The line goes, so that what follows stands alone. */
  end(): void;
}

/** Between two lines where they stay, ms. */
const LINE_MS = 10_000;
const BAR = 12;

export function progressBar(
  screen: Screen & { write(text: string): unknown },
  now: () => number = () => performance.now(),
): ProgressBar {
  let last = -Infinity;
  return {
    show(progress) {
      if (screen.isTTY === true) screen.write(`\r\u001b[K${progressLine(progress).slice(0, columnsOf(screen) - 1)}`);
      else if (now() - last >= LINE_MS) {
        last = now();
        screen.write(`${progressLine(progress)}\n`);
      }
    },
    end: () => void (screen.isTTY === true && screen.write("\r\u001b[K")),
  };
}

/** `copying ███▉         33.0 %, 6,600 of 20,000 rows, 8,100/s, 2 s left` */
export function progressLine({ of, perS, remainingS, seen, what }: Progress): string {
  const share = of === null || of === 0 ? null : Math.min(1, seen / of);
  const parts = [
    share === null ? what : `${what} ${bar(share, BAR)} ${percent(share)}`,
    of === null ? `${shortCount(seen)} rows` : `${shortCount(seen)} of ${shortCount(of)} rows`,
    ...(perS === undefined || perS === null ? [] : [perSecond(perS)]),
    ...(remainingS === undefined || remainingS === null ? [] : [`${waitInWords(remainingS * 1_000)} left`]),
  ];
  return parts.join(", ");
}
