import type { Progress } from "../drivers/contract.ts";
import { duration } from "../stats/format.ts";
import { bar } from "../report/render/terminal.ts";

/** How often a line is printed where nothing can be redrawn (a log file, CI), seconds. */
const LOG_EVERY_S = 5;
/** Narrower than this there is no room for bars. */
const LEAST_COLUMNS = 60;
const WIDTH = { usual: 80, most: 120 } as const;
/** Up to so many shards each has a line of its own. */
const OWN_LINES = 8;
/** `  00 ` + bar + ` 55 %`. */
const CELL = { label: 5, percent: 6, bar: 10 } as const;

export interface LiveView {
  show(progress: Progress): void;
  /** Takes the view away, so that what is printed next stands in its place. */
  end(): void;
}

export interface LiveViewOptions {
  /** Asked for, messages per second; shown beside the rate. */
  readonly rate?: number;
}

/**
 * How far a run is, how fast, how late, and what each shard gets: redrawn in place on a terminal, one plain line every
 * five seconds elsewhere.
 */
export function createLiveView(
  title: string,
  stream: NodeJS.WriteStream,
  { rate }: LiveViewOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): LiveView {
  const redraws = stream.isTTY && environment["TERM"] !== "dumb" && (stream.columns ?? WIDTH.usual) >= LEAST_COLUMNS;
  let shownAt = -Infinity;
  let height = 0;
  const home = () => (height === 0 ? "" : `\u001B[${height}A\r\u001B[J`);
  return {
    show(progress) {
      if (redraws) {
        const lines = drawProgress(title, progress, stream.columns ?? WIDTH.usual, stream.rows ?? 24, rate);
        stream.write(`${home()}${lines.join("\n")}\n`);
        height = lines.length;
      } else if (progress.elapsedS - shownAt >= LOG_EVERY_S || shownAt > progress.elapsedS) {
        shownAt = progress.elapsedS;
        stream.write(`${progressLine(title, progress)}\n`);
      }
    },
    end() {
      if (height > 0) stream.write(home());
      height = 0;
    },
  };
}

/** `12/17 s`, or what the run does before and after the schedule. */
function whenOf({ elapsedS, phase, totalS }: Progress): string {
  if (phase === "connect" || phase === "drain") return phase === "connect" ? "connecting" : "waiting for answers";
  const left = Math.max(0, Math.ceil(totalS - elapsedS));
  const at = `${Math.max(0, elapsedS).toFixed(0)}/${totalS.toFixed(0)} s`;
  return phase === "warmup" ? `${at} warm-up, ${left} s to go` : `${at}, ${left} s to go`;
}

function lateness({ p99Ms }: Progress): string[] {
  if (p99Ms === undefined) return [];
  return [`send lag p99 ${duration(p99Ms.sendLag)}`, `delivery p99 ${duration(p99Ms.delivery)}`];
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");

interface Share {
  readonly label: string;
  readonly share: number;
  /** Of the fullest shard. */
  readonly ofMost: number;
}

/** In the order of the labels; empty before anything is acknowledged. */
function sharesOf({ acked }: Progress): Share[] {
  const rows = Object.entries(acked).sort(([a], [b]) => (a < b ? -1 : 1));
  const total = rows.reduce((sum, [, count]) => sum + count, 0);
  const most = Math.max(...rows.map(([, count]) => count));
  return total === 0 ? [] : rows.map(([label, n]) => ({ label, share: n / total, ofMost: n / most }));
}

const percentOf = (share: number): string => `${(100 * share).toFixed(0).padStart(3)} %`;

/** @returns lines of fewer than `columns` characters, fewer than `rows` of them */
export function drawProgress(
  title: string,
  progress: Progress,
  columns: number,
  rows: number,
  asked?: number,
): string[] {
  const width = Math.min(columns, WIDTH.most) - 1;
  const done = progress.phase === "drain" ? 1 : Math.min(1, Math.max(0, progress.elapsedS / progress.totalS));
  const when = whenOf(progress);
  const room = Math.max(10, width - title.length - when.length - 5);
  const head = `${title} ▕${bar(done, Math.min(room, 40))}▏ ${when}`;
  const wanted = asked === undefined ? "" : ` of ${whole(asked)}`;
  const figures = [`${whole(progress.rate)}${wanted} msg/s`, ...lateness(progress)].join(" · ");
  const shards = shardLines(sharesOf(progress), width);
  const shown = shards.slice(0, Math.max(1, rows - 4));
  const hidden = shards.length - shown.length;
  return [head, `  ${figures}`, ...shown, ...(hidden > 0 ? [`  … ${hidden} lines more`] : [])].map((line) =>
    line.slice(0, width),
  );
}

function shardLines(shares: readonly Share[], width: number): string[] {
  const perLine =
    shares.length <= OWN_LINES ? 1 : Math.max(1, Math.floor(width / (CELL.label + CELL.bar + CELL.percent)));
  const barWidth = perLine === 1 ? width - CELL.label - CELL.percent : CELL.bar;
  const cells = shares.map(
    ({ label, share, ofMost }) => `  ${label.padEnd(2)} ${bar(ofMost, barWidth)} ${percentOf(share)}`,
  );
  return Array.from({ length: Math.ceil(cells.length / perLine) }, (_, line) =>
    cells.slice(line * perLine, (line + 1) * perLine).join(""),
  );
}

/** `lady-gaga 12/17 s, 5 s to go · 1,998 msg/s · send lag p99 0.80 ms · delivery p99 42 ms · 00 15 % · 01 55 %` */
export function progressLine(title: string, progress: Progress): string {
  const shares = sharesOf(progress).map(({ label, share }) => `${label} ${percentOf(share).trim()}`);
  const parts = [`${whole(progress.rate)} msg/s`, ...lateness(progress), ...shares];
  return `${title} ${whenOf(progress)} · ${parts.join(" · ")}`;
}
