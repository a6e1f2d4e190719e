import type { DashboardSpec } from "./dashboard.ts";
import { dialogs } from "./dialogs.ts";
import { loadRun } from "./load-run.ts";
import { overview } from "./overview.ts";
import { runtime } from "./runtime.ts";
import { shards } from "./shards.ts";

export const DASHBOARDS: readonly DashboardSpec[] = [overview, shards, dialogs, loadRun, runtime];
