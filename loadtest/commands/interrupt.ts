import { EXIT } from "../run/exit-code.ts";

/** npm, `timeout` and the terminal's process group each pass the same Ctrl-C on: copies of it come within this, ms. */
const ECHO_MS = 1_000;

/**
 * The first Ctrl-C (or SIGTERM, or SIGHUP of a terminal that is closed) ends the run early and keeps what was measured;
 * a second one ends the process.
 */
export function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  let first = Number.POSITIVE_INFINITY;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (!controller.signal.aborted) {
        first = performance.now();
        controller.abort();
      } else if (performance.now() - first > ECHO_MS) process.exit(EXIT.interrupted);
    });
  }
  return controller.signal;
}
