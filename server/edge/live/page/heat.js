import { count, perSecond } from "./format.js";

/** @import { LiveColumn, LiveStart } from "../../../protocol/live.ts" */
/** @import { TopologyChange } from "../../../protocol/topology-change.ts" */

/** Seconds that the strip shows, one column each. */
const SECONDS = 150;
const LEVELS = 7;
/** Columns that are so many seconds apart follow one another. */
const JITTER = 3;
/** Seconds of one column of the table. */
const BLOCK = 30;
/** Room above the strip for the epochs of the changes, px. */
const MARKS = 18;

/**
 * The strip of shard × time, and the same as a table. It holds at most `SECONDS` columns.
 *
 * @param {(id: string) => HTMLElement} part finds the page's elements
 */
export function createHeat(part) {
  const canvas = /** @type {HTMLCanvasElement} */ (part("heat"));
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  /** @type {LiveColumn[]} */
  let columns = [];
  /** @type {readonly { label: string, cells: readonly HTMLElement[] }[]} */
  let rows = [];
  /** @type {readonly TopologyChange[]} */
  let changes = [];
  let now = 0;
  let colours = ramp();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    colours = ramp();
    draw();
  });
  new ResizeObserver(draw).observe(canvas.parentElement ?? canvas);

  function draw() {
    const shards = rows.length;
    const height = shards <= 8 ? 26 : 14;
    const scale = devicePixelRatio;
    const width = canvas.clientWidth;
    const marked = changes.filter(({ at }) => now - at / 1_000 < SECONDS);
    const above = marked.length > 0 ? MARKS : 0;
    part("strip").classList.toggle("marked", above > 0);
    const pixels = { width: Math.round(width * scale), height: Math.round((height * shards + above) * scale) };
    // To set a size clears the canvas, and makes a new buffer even when it is the same.
    if (canvas.width !== pixels.width) canvas.width = pixels.width;
    if (canvas.height !== pixels.height) canvas.height = pixels.height;
    canvas.style.height = `${height * shards + above}px`;
    context.clearRect(0, 0, pixels.width, pixels.height);
    const peak = Math.max(...columns.flatMap(({ perS }) => rows.map(({ label }) => perS[label] ?? 0)), 0);
    part("peak").textContent = peak > 0 ? perSecond(peak) : "";
    const edge = (/** @type {number} */ age) => Math.round((1 - age / SECONDS) * pixels.width);
    for (const [i, { second, perS }] of columns.entries()) {
      const age = now - second;
      const before = columns[i - 1]?.second ?? -Infinity;
      // The server's timer drifts over a second's edge now and then; that is no gap.
      const seconds = second - before <= JITTER ? second - before : 1;
      for (const [shard, { label }] of rows.entries()) {
        const rate = perS[label];
        // It was not there.
        if (rate === undefined) continue;
        const level = peak > 0 ? Math.min(LEVELS - 1, Math.floor((rate / peak) * LEVELS)) : 0;
        context.fillStyle = colours.heat[level] ?? "";
        const top = Math.round((above + height * shard) * scale);
        context.fillRect(edge(age + seconds), top, edge(age) - edge(age + seconds), Math.round((height - 2) * scale));
      }
    }
    drawMarks(marked, edge, scale);
  }

  /**
   * A line at the second of each change, with the epoch that it began where there is room for it.
   *
   * @param {readonly TopologyChange[]} marked
   * @param {(age: number) => number} edge
   * @param {number} scale
   */
  function drawMarks(marked, edge, scale) {
    context.font = `600 ${12 * scale}px system-ui, sans-serif`;
    context.textBaseline = "top";
    let free = canvas.width;
    for (const { at, epoch } of marked.toReversed()) {
      const x = Math.min(edge(Math.max(0, now - at / 1_000)), canvas.width - 2 * scale);
      const top = MARKS * scale;
      context.fillStyle = colours.paper;
      context.fillRect(x - scale, top, 4 * scale, canvas.height - top);
      context.fillStyle = colours.ink;
      context.fillRect(x, top - 3 * scale, 2 * scale, canvas.height - top + 3 * scale);
      const text = String(epoch);
      const width = context.measureText(text).width;
      const left = Math.min(Math.max(0, x + scale - width / 2), canvas.width - width);
      if (left + width > free) continue;
      context.fillText(text, left, 0);
      free = left - 4 * scale;
    }
  }

  function fillTable() {
    rows.forEach(({ cells, label }) => {
      cells.forEach((cell, block) => {
        const oldest = (cells.length - block) * BLOCK;
        const within = columns.filter(({ second }) => now - second < oldest && now - second >= oldest - BLOCK);
        const sum = within.reduce((total, { perS }) => total + (perS[label] ?? 0), 0);
        cell.textContent = within.length === 0 ? "–" : count(sum / within.length);
      });
    });
  }

  return {
    /** @param {LiveStart} start */
    reset(start) {
      const many = start.shards.length > 8;
      part("heat-labels").classList.toggle("many", many);
      part("heat-labels").replaceChildren(
        ...start.shards.map(({ label }) => Object.assign(document.createElement("li"), { textContent: label })),
      );
      const made = start.shards.map(({ label }) => tableRow(label));
      part("heat-rows").replaceChildren(...made.map(({ row }) => row));
      rows = made;
      columns = [...start.columns];
    },
    /**
     * @param {number} second
     * @param {LiveColumn["perS"]} perS empty when nobody looked before
     * @param {readonly TopologyChange[]} marks
     */
    add(second, perS, marks) {
      now = second;
      changes = marks;
      if (Object.keys(perS).length > 0) columns.push({ second, perS });
      columns = columns.filter((column) => second - column.second < SECONDS).slice(-SECONDS);
    },
    show() {
      draw();
      fillTable();
    },
  };
}

/** The colours of the style sheet, which differ by day and night. */
function ramp() {
  const style = getComputedStyle(document.documentElement);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    heat: Array.from({ length: LEVELS }, (_, level) => colour(`heat-${level}`)),
    ink: colour("ink"),
    paper: colour("paper"),
  };
}

/** @param {string} label */
function tableRow(label) {
  const row = document.createElement("tr");
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = label;
  const cells = Array.from({ length: SECONDS / BLOCK }, () => document.createElement("td"));
  row.append(head, ...cells);
  return { label, row, cells };
}
