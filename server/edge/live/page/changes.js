import { outcome } from "./change-words.js";
import { clock } from "./format.js";

/** @import { TopologyChange } from "../../../protocol/topology-change.ts" */

/**
 * The changes of the topology, the newest first.
 *
 * @param {HTMLElement} list
 */
export function createChanges(list) {
  let shown = "";
  return {
    /** @param {readonly TopologyChange[]} changes */
    show(changes) {
      const text = JSON.stringify(changes);
      if (text === shown) return;
      shown = text;
      list.replaceChildren(...changes.toReversed().map(createItem));
    },
  };
}

/** @param {TopologyChange} change */
function createItem(change) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.dateTime = new Date(change.at).toISOString();
  time.textContent = clock(change.at);
  const words = document.createElement("b");
  words.textContent = change.words;
  const note = document.createElement("span");
  note.className = "soft";
  note.textContent = outcome(change);
  const epoch = document.createElement("span");
  epoch.className = "soft";
  epoch.textContent = `epoch ${change.epoch}`;
  item.append(time, " ", epoch, " ", words, " ", note);
  return item;
}
