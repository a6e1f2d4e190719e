import { lost, moment, moveNote, moveTitle, standing } from "./change-words.js";
import { createChanges } from "./changes.js";
import { count, duration, growth, percent, perSecond, plural, times } from "./format.js";
import { createHeat } from "./heat.js";
import { createShares } from "./shares.js";
import { createTable } from "./table.js";
import { announcement, cause, headline, outlook, whereabouts } from "./words.js";

/** @import { LiveDialog, LiveMove, LiveShard, LiveSnapshot, LiveStart } from "../../../protocol/live.ts" */

/** Rows that wait for less than a second, or fewer than this, are no queue to speak of. */
const LONG_QUEUE = 200;

/**
 * Everything between the header and the footer.
 *
 * @param {(id: string) => HTMLElement} part finds the page's elements
 */
export function createBoard(part) {
  const heat = createHeat(part);
  const changes = createChanges(part("changes"));
  const bar = /** @type {HTMLProgressElement} */ (part("move-bar"));
  const hot = createTable(part("hot"), { columns: 5, wordy: 1 });
  const writers = createTable(part("writers"), { columns: 8 });
  /** @type {LiveStart | null} */
  let start = null;
  /** @type {ReturnType<typeof createShares> | null} */
  let shares = null;
  /** @type {LiveSnapshot | null} */
  let newest = null;
  let frame = 0;

  /** @param {string} id @param {string} words @param {boolean} [isHot] */
  function say(id, words, isHot = false) {
    const element = part(id);
    if (element.textContent !== words) element.textContent = words;
    element.classList.toggle("hot", isHot);
  }

  function paint() {
    frame = 0;
    if (newest === null || start === null) return;
    const snapshot = newest;
    say("where", whereabouts(start, snapshot));
    part("down").hidden = lost(snapshot) === "";
    say("down", lost(snapshot));
    say("down-said", lost(snapshot, true));
    say("headline", headline(snapshot));
    part("moment").hidden = moment(snapshot) === "";
    say("moment", moment(snapshot));
    say("cause", cause(snapshot));
    say("outlook", outlook(snapshot));
    say("said", announcement(snapshot));
    paintFigures(snapshot, start);
    say("shares-note", sharesNote(snapshot));
    shares?.show(snapshot);
    heat.show();
    part("changed").hidden = snapshot.changes.length === 0;
    changes.show(snapshot.changes);
    paintMove(snapshot.move);
    say(
      "writers-note",
      `Commits of the last ${snapshot.windowS.toFixed(0)} s; committed rows since the server started`,
    );
    writers.show(snapshot.shards.map((shard) => writerCells(shard, snapshot)));
    // A count that may be mostly error says nothing of its dialog.
    const frequent = snapshot.hot.filter(({ share, error }) => error < share / 2);
    say(
      "hot-note",
      frequent.length === 0
        ? "No dialog stands out in the last minute"
        : "The most frequent dialogs of the last minute",
    );
    hot.show(
      frequent.map(({ rank, dialog, share, error, shards, placed }) => {
        const fills = (share / (placed?.length ?? 1)) * snapshot.writable > 0.5;
        return [
          { text: String(rank) },
          { text: dialog, hot: fills },
          { text: percent(share), hot: fills },
          { text: error === 0 ? "exact" : percent(error, 2) },
          { text: placeOf({ shards, placed }) },
        ];
      }),
    );
  }

  /** @param {LiveMove | null} move */
  function paintMove(move) {
    part("move").hidden = move === null;
    if (move === null) return;
    say("move-title", moveTitle(move));
    say("move-note", moveNote(move));
    // Without a value the bar says that nobody knows how far it is.
    if (move.of === null || move.of === 0) bar.removeAttribute("value");
    else bar.value = move.seen / move.of;
  }

  /** @param {LiveSnapshot} snapshot @param {LiveStart} start */
  function paintFigures({ skew, headroom, shards, perS, connections, writable }, start) {
    const floor = skew?.noiseFloor;
    say("skew", skew === null ? "–" : times(skew.maxOverMean), skew?.burning);
    say(
      "skew-note",
      floor === undefined ? "" : `chance alone: ${times(floor.mean)}, at most ${times(floor.p99)} in 99 of 100`,
    );
    say("effective", skew === null ? "–" : `${skew.effectiveShards.toFixed(1)} of ${writable}`);
    const placed = writable === shards.length ? "" : `, ${writable} in the placement`;
    say(
      "effective-note",
      skew === null ? "" : `${shards.length} paid${placed}, ${skew.effectiveShards.toFixed(1)} used`,
    );
    [...part("squares").children].forEach((square, i) => {
      const fill = /** @type {HTMLElement} */ (square.firstElementChild);
      fill.style.width = `${Math.max(0, Math.min(1, (skew?.effectiveShards ?? 0) - i)) * 100}%`;
    });
    const shaped = start.shards.find(({ label }) => label === headroom?.shard)?.shaped ? " (shaped)" : "";
    say(
      "headroom",
      headroom === null ? "unknown" : growth(headroom.growthToLimit),
      (headroom?.growthToLimit ?? 1) < 0.2,
    );
    say("headroom-note", headroomNote(headroom, shaped));
    const waiting = shards.reduce((rows, { queueRows }) => rows + queueRows, 0);
    say("traffic", perSecond(perS));
    say("traffic-note", `${plural(connections, "connection")}, ${plural(waiting, "row")} waiting`);
  }

  return {
    /** @param {LiveStart} started */
    begin(started) {
      start = started;
      newest = null;
      heat.reset(started);
      shares = createShares(part("shares"), started);
      part("squares").replaceChildren(...started.shards.map(createSquare));
    },
    /** @param {LiveSnapshot} snapshot */
    add(snapshot) {
      newest = snapshot;
      heat.add(snapshot.second, snapshot.column, snapshot.changes);
      // Many may come at once after a pause of the network; only the last is worth painting.
      if (frame === 0) frame = requestAnimationFrame(paint);
    },
  };
}

function createSquare() {
  const square = document.createElement("i");
  square.append(document.createElement("b"));
  return square;
}

/** @param {LiveSnapshot} snapshot */
function sharesNote({ skew, writable }) {
  const fair = `The line is the fair share, ${percent(1 / writable)}`;
  return skew === null ? `${fair}.` : `${fair}; the band is what chance explains.`;
}

/** Shards that may hold a dialog, or where it was put by name. @param {Pick<LiveDialog, "shards" | "placed">} dialog */
function placeOf({ shards, placed }) {
  if (placed === undefined) return shards.join(" + ");
  return placed.length === 1 ? `pinned to ${placed[0]}` : `split over ${placed.length}: ${placed.join(" + ")}`;
}

/** @param {LiveSnapshot["headroom"]} headroom @param {string} shaped */
function headroomNote(headroom, shaped) {
  if (headroom === null) return "too few commits to know the limit of a shard";
  return headroom.growthToLimit < 0
    ? `shard ${headroom.shard}${shaped} is sent more than it can write`
    : `of traffic until shard ${headroom.shard}${shaped} saturates`;
}

/** @param {LiveShard} shard @param {LiveSnapshot} snapshot */
function writerCells(shard, { skew }) {
  const { label, commitMs, queueRows, busy, writtenPerS, limitPerS, rows } = shard;
  const how = standing(shard);
  return [
    {
      text: `${label} ${how}`.trim(),
      hot: how === "down" || how === "out" || (skew?.burning === true && skew.fullest === label),
    },
    { text: commitMs === null ? "–" : duration(commitMs.p50) },
    { text: commitMs === null ? "–" : duration(commitMs.p99) },
    { text: count(queueRows), hot: queueRows > Math.max(writtenPerS, LONG_QUEUE) },
    { text: percent(busy, 0) },
    { text: count(writtenPerS) },
    { text: limitPerS === null ? "–" : count(limitPerS) },
    { text: count(rows) },
  ];
}
