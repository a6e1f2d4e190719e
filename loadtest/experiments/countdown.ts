import { waitInWords } from "../stats/format.ts";

/** Says what is under way of many runs of about the same length, and how long all of them will take yet. */
export interface Countdown {
  /** @param done runs that are finished */
  next(done: number, what: string): void;
  /** A line that stays. */
  say(line: string): void;
  end(): void;
}

/** Redrawn every second on a terminal; one line per run elsewhere. */
export function createCountdown(runs: number, stream: NodeJS.WriteStream): Countdown {
  const startedAt = performance.now();
  let current = { done: 0, what: "", since: startedAt };

  function left(): string {
    const { done, since } = current;
    if (done === 0) return "";
    const each = (since - startedAt) / done;
    const rest = Math.max(0, each * (runs - done) - (performance.now() - since));
    return `, about ${waitInWords(rest)} left`;
  }

  const draw = () => stream.write(`\r\u001B[2K${current.what}${left()}`.slice(0, stream.columns ?? 80));
  const timer = stream.isTTY ? setInterval(draw, 1_000) : null;
  return {
    next(done, what) {
      current = { done, what, since: performance.now() };
      if (timer === null) stream.write(`${what}${left()}\n`);
      else draw();
    },
    say(line) {
      stream.write(`${timer === null ? "" : "\r\u001B[2K"}${line}\n`);
    },
    end() {
      if (timer === null) return;
      clearInterval(timer);
      stream.write("\r\u001B[2K");
    },
  };
}
