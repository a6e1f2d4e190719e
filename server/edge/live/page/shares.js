import { standing } from "./change-words.js";
import { percent, perSecond, span } from "./format.js";

/** @import { LiveShard, LiveSnapshot, LiveStart } from "../../../protocol/live.ts" */

/**
 * One bar a shard against the fair share and what chance explains.
 *
 * @param {HTMLElement} list
 * @param {LiveStart} start
 */
export function createShares(list, start) {
  list.classList.toggle("many", start.shards.length > 8);
  const rows = new Map(start.shards.map(({ label }) => [label, createRow(label)]));
  list.replaceChildren(...[...rows.values()].map(({ item }) => item));

  return {
    /** @param {LiveSnapshot} snapshot */
    show({ shards, skew, writable }) {
      const fair = 1 / writable;
      const floor = skew?.noiseFloor.p99 ?? 1;
      const most = Math.max(...shards.map(({ share }) => share), fair * floor);
      // Steps of the fair share: the scale stands still while the figures flicker.
      const room = Math.min(1, fair * Math.max(2, Math.ceil(most / fair + 0.2)));
      for (const shard of shards) {
        const row = rows.get(shard.label);
        if (row === undefined) continue;
        const { item, band, bar, line, share, rate } = row;
        item.className = skew?.burning === true && skew.fullest === shard.label ? "hot" : "";
        const how = standing(shard);
        item.classList.toggle("down-row", how === "down" || how === "out");
        bar.style.width = `${(shard.share / room) * 100}%`;
        line.style.left = `${(fair / room) * 100}%`;
        band.style.left = `${(fair / room) * 100}%`;
        band.style.width = `${((fair * Math.min(floor, writable) - fair) / room) * 100}%`;
        const isIdle = how === "out" || (shard.role !== "takes" && shard.share === 0);
        share.textContent = isIdle ? how : percent(shard.share);
        rate.textContent = rateOf(shard, how);
      }
    },
  };
}

/** @param {LiveShard} shard @param {string} how it stands */
function rateOf({ out, perS }, how) {
  if (how === "out") return `for ${span(out?.s ?? 0)}`;
  return how === "down" || how === "returning" ? how : perSecond(perS);
}

/** @param {string} label */
function createRow(label) {
  const item = document.createElement("li");
  const track = child(item, "span", "track");
  track.ariaHidden = "true";
  const band = child(track, "b");
  const bar = child(track, "i");
  const line = child(track, "u");
  const name = document.createElement("span");
  name.className = "label";
  name.textContent = label;
  item.prepend(name);
  return { item, band, bar, line, share: child(item, "span", "share"), rate: child(item, "span", "rate") };
}

/** @param {HTMLElement} parent @param {string} tag @param {string} [className] */
function child(parent, tag, className = "") {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}
