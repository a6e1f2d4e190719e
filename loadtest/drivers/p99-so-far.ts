import { mergeHistograms, quantileOf, type Histogram } from "../traffic/histogram.ts";
import type { Progress } from "./contract.ts";

/** The p99's of the measured phase until now; nothing while nothing was delivered in it. */
export function p99SoFar(sendLag: Histogram, deliveries: readonly Histogram[]): Pick<Progress, "p99Ms"> {
  const delivery = mergeHistograms(deliveries.map((histogram) => histogram.toData()));
  if (delivery.count === 0) return {};
  return { p99Ms: { sendLag: sendLag.quantile(0.99), delivery: quantileOf(delivery, 0.99) } };
}
