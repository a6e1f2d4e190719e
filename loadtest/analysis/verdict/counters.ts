import type { Measurement } from "../../measurement/measurement.ts";
import type { Result } from "../result/result.ts";
import { ackedOf, total } from "./missing-samples.ts";

/** Every count of a run, for the evidence. */
export function counterValues(measurement: Measurement, audit: Result["audit"]): Record<string, number> {
  const { planned, sent, late, notConnected, refused, unknown, delivered, offline, errors } = measurement;
  return {
    planned,
    sent,
    late,
    notConnected,
    acked: total(measurement, ackedOf),
    refused,
    unknown,
    delivered,
    offline,
    ...(audit.stored !== null && { stored: audit.stored }),
    unexpectedAcks: errors["UNEXPECTED_ACK"] ?? 0,
    unreadableFrames: errors["BAD_SERVER_FRAME"] ?? 0,
  };
}

/** Counts that cannot all be true, in words. */
export function contradictionsOf(measurement: Measurement, audit: Result["audit"]): string[] {
  const { planned, sent, late, notConnected, refused, unknown, delivered, offline, errors } = measurement;
  const acked = total(measurement, ackedOf);
  const found: string[] = [];
  if (planned !== sent + late + notConnected)
    found.push(`planned ${planned} ≠ sent ${sent} + late ${late} + not connected ${notConnected}`);
  if (sent !== acked + refused + unknown) {
    found.push(`sent ${sent} ≠ acked ${acked} + refused ${refused} + unknown ${unknown}`);
  }
  // Fewer are a fault of the server (`undelivered`); a message of unknown outcome may have been delivered, or not.
  if (delivered + offline > acked + unknown) {
    found.push(`delivered ${delivered} + offline ${offline} > acked ${acked} + unknown ${unknown}`);
  }
  const { twins = 0 } = audit;
  if (audit.stored !== null && audit.match !== null && audit.stored - twins > acked + unknown) {
    found.push(`stored ${audit.stored} > acked ${acked} + unknown ${unknown}`);
  }
  const strays = errors["UNEXPECTED_ACK"] ?? 0;
  if (strays > 0) found.push(`${strays} acks for messages that did not wait for one`);
  const broken = errors["BAD_SERVER_FRAME"] ?? 0;
  if (broken > 0) found.push(`${broken} frames of the server could not be read`);
  return found;
}
