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

/**
 * `title  ▕████    ▏ 12/17 s  1998 msg/s  00 ██ 15 %  01 ██████ 55 %` in at most `columns` characters; the bars shrink
 * first, then shards are left out from the right.
 */
export function formatProgress(title: string, progress: Progress, columns: number): string {
  const { acked, elapsedS, phase, rate, totalS } = progress;
  const done = Math.min(1, Math.max(0, elapsedS / totalS));
  const time = phase === "measure" ? `${Math.max(0, elapsedS).toFixed(0)}/${totalS.toFixed(0)} s` : phase.padEnd(7);
  const head = `${title} ▕${bar(done, 10)}▏ ${time.padStart(7)} ${Math.round(rate).toLocaleString("en")} msg/s`;
  const total = Object.values(acked).reduce((sum, count) => sum + count, 0);
  const shards = Object.entries(acked).sort(([a], [b]) => (a < b ? -1 : 1));
  const room = Math.floor((columns - head.length - 1) / Math.max(1, shards.length)) - "  00  55 %".length;
  const width = Math.max(0, Math.min(10, room));
  if (total === 0) return head;
  const bars = shards.map(([label, count]) => {
    const share = count / total;
    return `  ${label} ${bar(share, width)}${width > 0 ? " " : ""}${(100 * share).toFixed(0).padStart(2)} %`;
  });
  const line = [head, ...bars].reduce((start, part) => (start.length + part.length < columns ? start + part : start));
  return line.slice(0, columns - 1);
}
