import { randomBytes } from "k6/crypto";
import http from "k6/http";
import type { Options } from "k6/options";
import type { ShardsReply } from "../../../../server/protocol/http.ts";
import { httpBase } from "../../chat-address.ts";
import { askedOf } from "../../../traffic/asked.ts";
import type { DialTable } from "../../../traffic/dials.ts";
import type { Scenario, ScenarioSpec } from "../../../traffic/scenario.ts";
import { defineScenario } from "../../../traffic/scenario.ts";
import { findScenario } from "../../../traffic/stories/registry.ts";
import { countersOf, summaryText, type SummaryData } from "./summary.ts";
import type { Settings } from "./settings.ts";
import { readSettings } from "./settings.ts";
import { thresholds } from "./thresholds.ts";
import { signToken } from "./token.ts";
import type { Common } from "./vu.ts";
import { runVu } from "./vu.ts";

/** What `setup` hands to the VUs and to the summary. */
interface SetupData extends Common {
  /** Labels of the server's shards; null when it did not tell. */
  readonly labels: readonly string[] | null;
}

/** What a scenario file exports for `k6 run`. */
export interface Engine {
  readonly options: Options;
  readonly setup: () => SetupData;
  readonly drive: (data: SetupData) => void;
  readonly handleSummary: (data: SummaryData) => Record<string, string>;
}

/** Beyond connecting, schedule and drain, seconds. */
const MARGIN_S = 30;
const RUN_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";

/**
 * Makes a story into a k6 script; call it once, at the top of the script.
 *
 * @param story the name of one in the registry, or one of your own
 */
export function createEngine<T extends DialTable>(story: string | ScenarioSpec<T>): Engine {
  return engineOf(typeof story === "string" ? scenarioOf(story) : defineScenario(story));
}

function engineOf(scenario: Scenario): Engine {
  const settings = readSettings(scenario, __ENV);
  const story = scenario.make(settings.dials);
  return {
    options: optionsOf(settings, scenario.name),
    setup() {
      // A driver has told its user already.
      if (settings.secretIsPublic && !settings.lines)
        console.warn("HOTSHARD_SECRET is not set: using the public development secret.");
      const labels = settings.labelsAreKnown ? settings.labels : askLabels(settings);
      return {
        startAt: settings.startAt ?? Date.now() + settings.connectMs,
        runId: settings.runId ?? makeRunId(),
        labels,
      };
    },
    drive: (data) => runVu(story, settings, data),
    handleSummary(data) {
      if (settings.summaryFile !== null) return { [settings.summaryFile]: JSON.stringify(countersOf(data)) };
      const common = data.setup_data as SetupData | undefined;
      const { labels = null, runId = null } = common ?? {};
      return {
        stdout: summaryText(data, {
          scenario: scenario.name,
          settings,
          labels,
          runId,
          askedShare: story.askedShare,
          askedRate: askedOf(story, settings.dials)?.rate ?? null,
        }),
      };
    },
  };
}

function scenarioOf(name: string): Scenario {
  const scenario = findScenario(name);
  if (scenario === undefined) throw new Error(`there is no story ${name} in the registry`);
  return scenario;
}

/** @param name of the scenario, which k6 gives to each of its series as a label */
function optionsOf(settings: Settings, name: string): Options {
  const { connectMs, dials, drainMs, vus } = settings;
  const seconds = Math.ceil((connectMs + drainMs) / 1000 + dials.warmupS + dials.durationS) + MARGIN_S;
  return {
    scenarios: {
      [name]: { executor: "per-vu-iterations", vus, iterations: 1, maxDuration: `${seconds}s`, gracefulStop: "1s" },
    },
    thresholds: thresholds(settings),
    summaryTrendStats: ["count", "med", "p(90)", "p(95)", "p(99)", "p(99.9)", "max"],
  };
}

/** Only to name shards that got nothing: a server without this route is driven all the same. */
function askLabels({ url, secret }: Settings): string[] | null {
  const headers = { Authorization: `Bearer ${signToken(1, secret, { role: "admin" })}` };
  const response = http.get(`${httpBase(url)}/v1/shards`, { headers, timeout: "5s" });
  if (response.status !== 200) return null;
  const reply = response.json() as unknown as Partial<ShardsReply>;
  return reply.shards?.map((shard) => shard.label) ?? null;
}

function makeRunId(): string {
  // 256 is no multiple of 36; a slight bias does not matter to a name.
  return Array.from(new Uint8Array(randomBytes(10)), (byte) => RUN_ID_LETTERS[byte % RUN_ID_LETTERS.length]).join("");
}
