import {
  AnnotationQueryBuilder,
  CustomVariableBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableRefresh,
  type Dashboard,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { heightOf, panelOf, PROMETHEUS, widthOf, type PanelSpec } from "./panel.ts";

export interface DashboardSpec {
  /** Also the name of its file. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly PanelSpec[];
}

const COLUMNS = 24;
const ALL = { text: "All", value: "$__all", selected: true };
/** Where `docs/` of the repository can be read: Grafana itself serves it in `docker-compose.yml`. */
const DOCS = "/public/docs";

/** The dashboard as Grafana reads it from a file (classic JSON). */
export function dashboardOf(spec: DashboardSpec): Dashboard {
  const dashboard = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(["hotshard"])
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .timezone("browser")
    .refresh("10s")
    .time({ from: "now-15m", to: "now" })
    .variables(variables())
    .annotation(runs())
    .annotation(changes())
    .link(
      new DashboardLinkBuilder("hotshard")
        .type(DashboardLinkType.Dashboards)
        .tags(["hotshard"])
        .keepTime(true)
        .includeVars(true),
    );
  place(spec.panels).forEach(([panel, at], index) => dashboard.withPanel(panelOf(panel, index + 1, at)));
  return dashboard.build();
}

function variables() {
  return [
    new DatasourceVariableBuilder("prometheus_datasource").label("Prometheus data source").type("prometheus"),
    new DatasourceVariableBuilder("loki_datasource").label("Loki data source").type("loki"),
    listed("job", "Job", "label_values(chat_shards, job)"),
    listed("instance", "Instance", 'label_values(chat_shards{job=~"$job"}, instance)'),
    listed("shard", "Shard", 'label_values(chat_shard_up{job=~"$job", instance=~"$instance"}, shard)'),
    new CustomVariableBuilder("limit").label("Top").values("5,10,20,64").current({ text: "10", value: "10" }),
    new TextBoxVariableBuilder("docs").label("Runbooks").defaultValue(DOCS).current({ text: DOCS, value: DOCS }),
  ];
}

function listed(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .query(query)
    .datasource(PROMETHEUS)
    .multi(true)
    .includeAll(true)
    .allValue(".+")
    .current(ALL)
    .refresh(VariableRefresh.OnTimeRangeChanged);
}

/** When a load run was under way, over every panel. */
function runs(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name("Load runs")
    .datasource(PROMETHEUS)
    .enable(true)
    .iconColor("blue")
    .expr("sum(k6_vus) > 0")
    .step("10s")
    .titleFormat("load run");
}

/** When the topology changed, and how, over every panel. */
function changes(): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder()
    .name("Changes of the topology")
    .datasource(PROMETHEUS)
    .enable(true)
    .iconColor("orange")
    .expr("max by (kind) (increase(chat_topology_changes_total[1m])) > 0")
    .step("10s")
    .titleFormat("topology: {{kind}}");
}

/** From left to right, a new line where the next panel does not fit. */
function place(panels: readonly PanelSpec[]): [PanelSpec, { x: number; y: number }][] {
  let x = 0;
  let y = 0;
  let height = 0;
  return panels.map((panel) => {
    if (x + widthOf(panel) > COLUMNS) {
      x = 0;
      y += height;
      height = 0;
    }
    const at = { x, y };
    x += widthOf(panel);
    height = Math.max(height, heightOf(panel));
    return [panel, at];
  });
}
