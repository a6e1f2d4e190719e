import type { Progress } from "./drivers/contract.ts";
import { bar } from "./report/terminal.ts";

/** How often a line is printed where lines cannot be redrawn (a log file, CI), seconds. */
const LOG_EVERY_S = 5;

export interface LiveLine {
  show(progress: Progress): void;
  /** Ends the line, so that what is printed next stands below it. */
  end(): void;
}

/** One line that says how far a run is: redrawn on a terminal, repeated every five seconds elsewhere. */
export function createLiveLine(title: string, stream: NodeJS.WriteStream): LiveLine {
  let shownAt = -Infinity;
  return {
    show(progress) {
      if (stream.isTTY) {
        stream.write(`\r\u001B[2K${formatProgress(title, progress, stream.columns ?? 80)}`);
      } else if (progress.elapsedS - shownAt >= LOG_EVERY_S || shownAt > progress.elapsedS) {
        shownAt = progress.elapsedS;
        stream.write(`${formatProgress(title, progress, 120)}\n`);
      }
    },
    end() {
      if (stream.isTTY) stream.write("\r\u001B[2K");
    },
  };
}

/** Room of `  00 `, and of ` 55 %`. */
const LABEL = 5;
const PERCENT = 5;
/** A shorter bar beside its figure tells nothing. */
const LEAST_BAR = 3;
const MOST_BAR = 10;

/**
 * `title  ▕████    ▏ 12/17 s  1998 msg/s  00 ██ 15 %  01 ██████ 55 %` in at most `columns` characters; the fullest
 * shard's bar is a full one. Where room is short the bars shrink, then the figures go, then shards from the right.
 */
export function formatProgress(title: string, progress: Progress, columns: number): string {
  const { acked, elapsedS, phase, rate, totalS } = progress;
  const done = Math.min(1, Math.max(0, elapsedS / totalS));
  const time = phase === "measure" ? `${Math.max(0, elapsedS).toFixed(0)}/${totalS.toFixed(0)} s` : phase.padEnd(7);
  const head = `${title} ▕${bar(done, 10)}▏ ${time.padStart(7)} ${Math.round(rate).toLocaleString("en")} msg/s`;
  const counts = Object.values(acked);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return head.slice(0, columns - 1);
  const most = Math.max(...counts);
  const room = Math.floor((columns - head.length - 1) / counts.length) - LABEL;
  const width = Math.min(MOST_BAR, Math.max(LEAST_BAR, room >= LEAST_BAR + PERCENT ? room - PERCENT : room));
  const shards = Object.entries(acked).sort(([a], [b]) => (a < b ? -1 : 1));
  const cells = shards.map(([label, count]) => {
    const percent = `${((100 * count) / total).toFixed(0).padStart(3)} %`;
    return `  ${label} ${bar(count / most, width)}${room >= LEAST_BAR + PERCENT ? percent : ""}`;
  });
  const line = [head, ...cells].reduce((start, part) => (start.length + part.length < columns ? start + part : start));
  return line.slice(0, columns - 1);
}
