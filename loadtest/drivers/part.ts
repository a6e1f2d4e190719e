import type { Dials, Lane, Story } from "../traffic/contract.ts";
import { dealLanesOut } from "../traffic/deal.ts";
import { findScenario } from "../traffic/stories/registry.ts";

/** A user who connects in the course of the run. */
export interface Join {
  readonly user: number;
  /** Milliseconds after the start of the schedule. */
  readonly at: number;
}

/** What falls to one of several generators. */
export interface Part {
  readonly lanes: readonly Lane[];
  /** Users who connect before the start, ascending. */
  readonly first: readonly number[];
  /** Those who connect later, by their moments. */
  readonly joins: readonly Join[];
}

/** @throws {RangeError} when there is no such scenario */
export function storyOf({ scenario, dials }: { readonly scenario: string; readonly dials: Dials }): Story {
  const found = findScenario(scenario);
  if (found === undefined) throw new RangeError(`there is no scenario ${scenario}`);
  return found.make(dials);
}

/**
 * The lanes that fall to one of `count` generators, and their users who connect; everyone works it out alone.
 *
 * @param index from 0
 */
export function partOf(story: Story, index: number, count: number): Part {
  const all = story.lanes();
  const rates = all.map(({ rate }) => rate);
  const hand = new Set(dealLanesOut(rates, count)[index]);
  const lanes = all.filter((_, lane) => hand.has(lane));
  const users = Array.from({ length: story.online }, (_, i) => ({ user: i + 1, at: story.joinsAt?.(i + 1) ?? 0 }));
  const own = users.filter(({ user }) => lanes.some((lane) => lane.hasAuthor(user)));
  const first = own.filter(({ at }) => at <= 0).map(({ user }) => user);
  return { lanes, first, joins: own.filter(({ at }) => at > 0).sort((a, b) => a.at - b.at) };
}

/**
 * Connects those who come later, each at its moment.
 *
 * @param joins by their moments
 * @param clock ms after the start of the schedule
 * @returns stops it
 */
export function startJoins(joins: readonly Join[], clock: { now(): number }, join: (user: number) => void): () => void {
  let next = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  function turn(): void {
    for (; next < joins.length && joins[next]!.at <= clock.now(); next += 1) join(joins[next]!.user);
    const later = joins[next];
    if (later !== undefined) timer = setTimeout(turn, Math.max(1, later.at - clock.now()));
  }
  turn();
  return () => clearTimeout(timer);
}
