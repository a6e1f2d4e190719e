import type { HotReply } from "../protocol/http.ts";
import type { Metrics } from "./metrics.ts";
import type { Observer } from "./observer.ts";

const nothing = (): void => {};

/** Metrics that count only what the chat itself needs: what measuring costs is measured against this. */
export function unobserved(metrics: Metrics): Metrics {
  return {
    ...metrics,
    messages: nothing,
    resend: nothing,
    operation: nothing,
    batch: nothing,
    busy: nothing,
    poolWait: nothing,
    textBytes: nothing,
    stage: nothing,
    traced: nothing,
  };
}

/** An observer that watches nothing. */
export function idleObserver(): Observer {
  const hot: HotReply = { windowS: 0, messages: 0, absent: 0, dialogs: [] };
  return { placed: nothing, hot: () => hot, lastWindow: () => null, turn: nothing, stop: nothing };
}
