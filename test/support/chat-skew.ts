import { skewFiles, type GeneratedFile } from "../../loadtest/rules/skew-files.ts";
import { parseSkewTarget, type SkewOptions } from "../../loadtest/rules/skew-target.ts";

/** What the chat's own skew rules are made for. */
export const CHAT: SkewOptions = {
  metric: 'chat_messages_total{result="stored"}',
  by: "shard",
  // One that was drained or taken out has no share of new messages; one that is back has not had one for a whole window.
  unless: "max by (shard) (min_over_time(chat_shard_writable[1m])) == 0",
  for: "counter",
  prefix: "chat",
  target: "1.25",
  // The windows smooth and the dispersion test rules chance out. Recording and alerting groups are evaluated apart, so
  // that any hold would cost a third evaluation.
  hold: "0s",
  runbook: "docs/runbooks/hot-shard.md",
};

/** The chat's own skew rules and alert, as they are checked in below `prometheus/`. */
export function chatSkewFiles(): GeneratedFile[] {
  return skewFiles(parseSkewTarget(CHAT), false).filter(({ path }) => !path.startsWith("dashboards/"));
}
