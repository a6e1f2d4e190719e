import { auditFaults } from "../../../analysis/audit/audit.ts";
import { escapeXml } from "../../render/escape.ts";
import { count, countOrNone, duration, perSecond, percent, plural } from "../../../stats/format.ts";
import { machineInWords } from "../../words/machine.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { paragraph, section } from "../../render/section.ts";
import { table, type Cell } from "../../render/table.ts";
import { auditInWords } from "../../words/run.ts";

const should = (value: number): Cell => (value === 0 ? "0" : { html: count(value), className: "hot" });

/** Was what was acknowledged stored, shown once, and delivered in order. */
export function audit(result: Result): string {
  const a = result.audit;
  return section(
    "audit",
    "Audit",
    `<p${auditFaults(a).length > 0 ? ' class="fail"' : ""}>${escapeXml(auditInWords(result))}</p>` +
      table({
        caption: "Messages, counted by the client and by the databases",
        head: ["Count", "Messages", "What it is"],
        words: new Set([2]),
        rows: [
          ["Acknowledged", count(a.acked), "after their commit"],
          ["Stored", countOrNone(a.stored), "rows of this run in the databases"],
          ["Outcome unknown", count(a.unknown), `${count(a.unknownStored)} of them found stored afterwards`],
          ["Lost", should(a.lost), "acknowledged and not stored"],
          ["Undelivered", should(a.undelivered), "acknowledged, and never received by a reader who was connected"],
          ["Missed while away", count(a.missedWhileAway), "not received by a reader who had lost its connection"],
          ["Duplicated", should(a.duplicated), "received twice by a reader"],
          ["Reordered", should(a.reordered), "received after a later message"],
          ["Extra copies", should(a.extraCopies), "second physical rows of re-minted messages, never shown twice"],
        ],
      }),
  );
}

/** Whether the load was the load that was asked for. */
export function generator(result: Result): string {
  const { generator: g, traffic: t } = result;
  const asked = t.asked && [["Asked", perSecond(t.asked.rate), `${plural(t.asked.messages, "message")} in all`]];
  const made = t.made && [["Made", perSecond(t.made.rate), "messages sent"]];
  return section(
    "generator",
    "The generator",
    table({
      caption: "What the load generator planned, did, and how far it lagged",
      head: ["Figure", "Value", "What it is"],
      words: new Set([2]),
      rows: [
        ...(asked ?? []),
        ["Planned", count(t.planned), "messages of the schedule"],
        [
          "Sent",
          count(t.sent),
          `${count(t.acked)} acknowledged, ${count(t.refused)} refused, ${count(t.unknown)} unknown`,
        ],
        ...(made ?? []),
        ["Late", should(t.late), "due and never sent: the generator was late"],
        ["Not connected", should(t.notConnected), "due and never sent: their author had no connection"],
        ["Delivered", count(t.delivered), `and ${count(t.offline)} to recipients who were offline`],
        ["Acknowledged", perSecond(t.rate), "messages that were stored"],
        ["Send lag", duration(g.sendLagMs.p99), "p99, actual − intended moment of the send"],
        ["Handler lag", duration(g.handlerLagMs.p99), "p99, handler − socket"],
        ["CPU", percent(g.cpu, 0), "of one core"],
      ],
    }),
  );
}

/** Of the dials that have one. */
const UNITS: Readonly<Record<string, string>> = { rate: "/s", durationS: " s", warmupS: " s" };

/** Without the last digits of a sum of doubles. */
const shown = (value: string | number): string =>
  typeof value === "number" ? `${Number(value.toPrecision(9))}` : value;

/** The server, the dials, and the command that runs the same again. */
export function again(result: Result): string {
  const { run, server } = result;
  const dials = Object.entries(run.dials).map(
    ([name, value]) => `${name.replace(/S$/, "")} ${shown(value)}${UNITS[name] ?? ""}`,
  );
  return section(
    "again",
    "How to run this again",
    `<pre><code>${escapeXml(run.command)}</code></pre>` +
      table({
        caption: "What was measured",
        head: ["Part", "Setting"],
        words: new Set([1]),
        rows: [
          ["Server", server.url],
          [
            "Shards",
            `${server.shards} × ${server.engine}${server.shaped === null ? "" : `, shaped: ${server.shaped}`}`,
          ],
          ["Durability", server.durability],
          ["Placement", [server.placement, ...server.overrides, `epoch ${server.epoch}`].join("; ")],
          ["Scenario", `${run.scenario}: ${dials.join(", ")}`],
          ...(run.machine === undefined ? [] : [["Machine", machineInWords(run.machine)]]),
          ["Run", run.id],
        ],
      }) +
      paragraph("The same seed makes the same users, dialogs and schedule.", "soft"),
  );
}
