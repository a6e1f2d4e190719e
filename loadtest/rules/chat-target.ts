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
    // The windows smooth and the dispersion test rules chance out. Recording and alerting groups are evaluated apart, so
    // that any hold would cost a third evaluation.
    hold: "0s",
    runbook: "docs/runbooks/hot-shard.md",
  });
  return skewFiles(target, false).filter(({ path }) => !path.startsWith("dashboards/"));
}
