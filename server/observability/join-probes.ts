import type { Guard } from "../guard.ts";
import type { Probe } from "./probe.ts";

/**
 * One probe for many: each part hears the events that it has, in this order, and what one throws does not reach
 * another.
 */
export function joinProbes(guard: Guard, parts: Readonly<Record<string, Partial<Probe>>>): Probe {
  function all<E extends keyof Probe>(event: E): Probe[E] {
    const heard = Object.entries(parts).flatMap(([what, part]) => {
      const hear: ((...args: never[]) => void) | undefined = part[event];
      return hear === undefined ? [] : [guard(what, hear as (...args: unknown[]) => void)];
    });
    const tell = (...args: unknown[]): void => {
      for (const hear of heard) hear(...args);
    };
    return tell;
  }

  return {
    placed: all("placed"),
    followed: all("followed"),
    refused: all("refused"),
    committed: all("committed"),
    delivered: all("delivered"),
    decoded: all("decoded"),
    answered: all("answered"),
  };
}
