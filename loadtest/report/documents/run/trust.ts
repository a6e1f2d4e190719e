import { auditFaults } from "../../../analysis/audit/audit.ts";
import type { Result } from "../../../analysis/result/result.ts";
import { count, countOrNone, duration, percent, perSecond, plural } from "../../../stats/format.ts";
import { machineInWords } from "../../words/machine.ts";
import { auditInWords } from "../../words/run.ts";
import { listed, section, sentence, table, text, type Block, type Cell } from "../model.ts";

const should = (value: number): Cell => (value === 0 ? { text: "0" } : { text: count(value), look: "hot" });

const TWINS = "second rows of messages whose shard was lost between commit and acknowledgement, never shown twice";

/** Was what was acknowledged stored, shown once, and delivered in order. */
export function audit(result: Result): Block[] {
  const a = result.audit;
  const words = auditInWords(result);
  const counts = table({
    caption: "Messages, counted by the client and by the databases",
    columns: listed("Count", "Messages", text("What it is")),
    rows: [
      ["Acknowledged", count(a.acked), "after their commit"],
      ["Stored", countOrNone(a.stored), "rows of this run in the databases"],
      ["Outcome unknown", count(a.unknown), `${count(a.unknownStored)} of them found stored afterwards`],
      ["Lost", should(a.lost), "acknowledged and not stored"],
      ["Undelivered", should(a.undelivered), "acknowledged, and never received by a reader who was connected"],
      ["Missed while away", count(a.missedWhileAway), "not received by a reader who had lost its connection"],
      ["Duplicated", should(a.duplicated), "received twice by a reader"],
      ["Reordered", should(a.reordered), "received after a later message"],
      ["Extra copies", should(a.extraCopies), "rows that were neither acknowledged nor found"],
      ...(a.twins === undefined ? [] : [["Twins", count(a.twins), TWINS]]),
    ],
  });
  return [section("audit", "Audit", ...sentence(words, auditFaults(a).length > 0 ? "fail" : undefined), counts)];
}

const FLOOR = "p99 of actions that do nothing: what the harness itself is late by";

/** Whether the load was the load that was asked for. */
export function generator(result: Result): Block[] {
  const { generator: g, traffic: t } = result;
  const sent = `${count(t.acked)} acknowledged, ${count(t.refused)} refused, ${count(t.unknown)} unknown`;
  const [sendLag, handlerLag] = [g.sendLagMs.p99, g.handlerLagMs.p99].map(duration);
  const figures = table({
    caption: "What the load generator planned, did, and how far it lagged",
    columns: listed("Figure", "Value", text("What it is")),
    rows: [
      ...(t.asked ? [["Asked", perSecond(t.asked.rate), `${plural(t.asked.messages, "message")} in all`]] : []),
      ["Planned", count(t.planned), "messages of the schedule"],
      ["Sent", count(t.sent), sent],
      ...(t.resent === undefined ? [] : [["Sent again", count(t.resent), "tries beyond a message's first"]]),
      ...(t.made ? [["Made", perSecond(t.made.rate), "messages sent"]] : []),
      ["Late", should(t.late), "due and never sent: the generator was late"],
      ["Not connected", should(t.notConnected), "due and never sent: their author had no connection"],
      ["Delivered", count(t.delivered), `and ${count(t.offline)} to recipients who were offline`],
      ["Acknowledged", perSecond(t.rate), "messages that were stored"],
      ["Send lag", sendLag!, "p99, actual − intended moment of the send"],
      ...(g.floorMs === undefined ? [] : [["Floor", duration(g.floorMs), FLOOR]]),
      ["Handler lag", handlerLag!, "p99, handler − socket"],
      ["CPU", percent(g.cpu, 0), "of one core"],
    ],
  });
  return [section("generator", "The generator", figures)];
}

/** Of the dials that have one. */
const UNITS: Readonly<Record<string, string>> = { rate: "/s", durationS: " s", warmupS: " s" };

/** Without the last digits of a sum of doubles. */
const shown = (value: string | number): string =>
  typeof value === "number" ? `${Number(value.toPrecision(9))}` : value;

/** The server, the dials, and the command that runs the same again. */
export function again(result: Result): Block[] {
  const { run, server } = result;
  const dials = Object.entries(run.dials).map(
    ([name, value]) => `${name.replace(/S$/, "")} ${shown(value)}${UNITS[name] ?? ""}`,
  );
  const shaped = server.shaped === null ? "" : `, shaped: ${server.shaped}`;
  const machine = run.machine === undefined ? null : machineInWords(run.machine);
  const settings = table({
    caption: "What was measured",
    columns: listed("Part", text("Setting")),
    rows: [
      ["Server", server.url],
      ["Shards", `${server.shards} × ${server.engine}${shaped}`],
      ["Durability", server.durability],
      ["Placement", [server.placement, ...server.overrides, `epoch ${server.epoch}`].join("; ")],
      ["Scenario", `${run.scenario}: ${dials.join(", ")}`],
      ...(machine === null ? [] : [["Machine", machine]]),
      ["Run", run.id],
    ],
  });
  return [
    section(
      "again",
      "How to run this again",
      { kind: "command", text: run.command },
      settings,
      ...sentence("The same seed makes the same users, dialogs and schedule.", "soft"),
    ),
  ];
}
