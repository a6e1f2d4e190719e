import type { Story } from "./contract.ts";

/** A thousandth. */
const USUAL = 0.001;

/**
 * Share of a story's messages that may fail when nobody says otherwise, 0…1: all in a rehearsal, which makes them fail.
 */
export function maxErrorsOf(story: Pick<Story, "maxErrors" | "windows">): number {
  return story.maxErrors ?? ((story.windows ?? []).length > 0 ? 1 : USUAL);
}
