import type { Labels } from "./exposition.ts";
import type { Example } from "./probe.ts";

/** At most 105 characters: a dialog has 33, an id 19, a connection 16, a trace 32, which leads to the connection. */
export function exemplarOf({ connection, dialog, id: message, traceId }: Example): Labels {
  if (traceId !== undefined) return { dialog, message, trace_id: traceId };
  return connection === undefined ? { dialog, message } : { dialog, message, connection };
}
