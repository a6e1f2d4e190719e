import type { PageFormat } from "./exposition.ts";

/** Builds pages for scrapers. */
export interface PacedPage {
  /** A page that was begun after this call. */
  get(format: PageFormat): Promise<string>;
}

/** Pages take at most this share of the event loop, however many scrapers there are. */
const SHARE = 0.1;

/**
 * Scrapers that come while a page is due share it, and after one that took d ms the next is begun 9 d ms later: fifty
 * scrapers cost no more than one. None is given a page from before it asked.
 *
 * @param build makes a page now
 */
export function createPacedPage(build: (format: PageFormat) => Promise<string>): PacedPage {
  const due: Partial<Record<PageFormat, Promise<string>>> = {};
  let restUntil = 0;
  let last: Promise<unknown> = Promise.resolve();

  async function make(format: PageFormat): Promise<string> {
    // The formats take turns, so that they share the pace too.
    await last;
    const rest = restUntil - performance.now();
    if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    delete due[format];
    const start = performance.now();
    const page = await build(format);
    const took = performance.now() - start;
    restUntil = performance.now() + took * (1 / SHARE - 1);
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
