import { skewFiles, type GeneratedFile } from "./skew-files.ts";
import { parseSkewTarget } from "./skew-target.ts";

/** The chat's own skew rules, alert and tests, as they are checked in below `prometheus/`. */
export function chatSkewFiles(): GeneratedFile[] {
  const target = parseSkewTarget({
    metric: 'chat_messages_total{result="stored"}',
    by: "shard",
    for: "counter",
    prefix: "chat",
    target: "1.25",
    // The windows smooth already; this asks for a second evaluation.
    hold: "5s",
    runbook: "docs/runbooks/hot-shard.md",
  });
  return skewFiles(target, false).filter(({ path }) => !path.startsWith("dashboards/"));
}
