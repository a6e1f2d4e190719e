import { plans } from "./plan.ts";

/** Nothing is sent: only what k6's engine plans is wanted. */
export default function nothing(): void {}

export function handleSummary(): Record<string, string> {
  return { stdout: JSON.stringify(plans()) };
}
