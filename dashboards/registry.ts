import type { DashboardSpec } from "./dashboard.ts";
import { dialogs } from "./dialogs.ts";
import { loadRun } from "./load-run.ts";
import { overview } from "./overview.ts";
import { runtime } from "./runtime.ts";
import { shards } from "./shards.ts";
import { topology } from "./topology.ts";

export const DASHBOARDS: readonly DashboardSpec[] = [overview, shards, dialogs, topology, loadRun, runtime];
