import { writeFileSync } from "node:fs";
import { dashboardOf } from "./dashboard.ts";
import { DASHBOARDS } from "./registry.ts";

/** `node dashboards/build.ts`: writes the JSON that Grafana is provisioned with. A test holds it to the sources. */
for (const spec of DASHBOARDS) {
  const file = new URL(`./json/${spec.uid}.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(dashboardOf(spec), null, 2)}\n`);
}
