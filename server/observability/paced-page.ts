import { SYSTEM_CLOCK } from "../clock.ts";
import type { PageFormat } from "./exposition.ts";

/** Builds pages for scrapers. */
export interface PacedPage {
  /** A page that was begun after this call. */
  get(format: PageFormat): Promise<string>;
}

/** Pages take at most this share of the event loop, however many scrapers there are. */
const SHARE = 0.1;

/** Milliseconds, and a wait of so many. */
interface Pace {
  now(): number;
  after(ms: number, run: () => void): unknown;
}

/**
 * Scrapers that come while a page is due share it, and after one that took d ms the next is begun 9 d ms later: fifty
 * scrapers cost no more than one. None is given a page from before it asked.
 *
 * @param build makes a page now
 */
export function createPacedPage(build: (format: PageFormat) => Promise<string>, clock: Pace = SYSTEM_CLOCK): PacedPage {
  const due: Partial<Record<PageFormat, Promise<string>>> = {};
  let restUntil = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function make(format: PageFormat): Promise<string> {
    // The formats take turns, so that they share the pace too.
    await last;
    const rest = restUntil - clock.now();
    if (rest > 0) await new Promise<void>((resolve) => void clock.after(rest, resolve));
    delete due[format];
    const start = clock.now();
    const page = await build(format);
    const took = clock.now() - start;
    restUntil = clock.now() + took * (1 / SHARE - 1);
    return page;
  }

  return {
    get(format) {
      const waiting = due[format];
      if (waiting !== undefined) return waiting;
      const made = make(format);
      due[format] = made;
      last = made.catch(() => undefined);
      return made;
    },
  };
}
