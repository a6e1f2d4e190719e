import { createBoard } from "./board.js";
import { readEvents, Refused } from "./events.js";
import { clock } from "./format.js";

/** @import { LiveSnapshot, LiveStart } from "../../../protocol/live.ts" */

const TOKEN = "hotshard-token";
const WAITS_MS = [500, 1_000, 2_000, 5_000];

/** @param {string} id */
function part(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no #${id}`);
  return element;
}

const board = createBoard(part);
const pause = part("pause");
const login = part("login");
const field = /** @type {HTMLInputElement} */ (part("token"));
/** Ends the stream that is open; a new one is opened when the page is looked at again. */
let stream = new AbortController();
let paused = false;
let open = false;

/** @param {string} words @param {boolean} [live] */
function tell(words, live = false) {
  if (part("state").textContent !== words) part("state").textContent = words;
  part("pulse").classList.toggle("live", live);
}

/** @param {string} name @param {unknown} data */
function onEvent(name, data) {
  if (name === "start") {
    board.begin(/** @type {LiveStart} */ (data));
    part("board").hidden = pause.hidden = false;
    login.hidden = true;
  } else if (name === "snapshot") {
    const snapshot = /** @type {LiveSnapshot} */ (data);
    board.add(snapshot);
    part("clock").textContent = clock(snapshot.second * 1_000);
    tell("live", true);
  }
}

/** @param {string} reason */
function askForToken(reason) {
  sessionStorage.removeItem(TOKEN);
  login.hidden = false;
  part("board").hidden = pause.hidden = true;
  part("refused").textContent = reason;
  tell("waiting for a token");
  field.focus();
}

/** Looks until the page is paused, hidden or refused; a server that went away is asked again. */
async function look() {
  stream.abort();
  const mine = (stream = new AbortController());
  for (let failures = 0; !mine.signal.aborted; failures += 1) {
    try {
      const token = open ? null : sessionStorage.getItem(TOKEN);
      if (!open && token === null) return askForToken("");
      const heard = (/** @type {string} */ name, /** @type {unknown} */ data) => {
        failures = 0;
        onEvent(name, data);
      };
      await readEvents("v1/live", { token, signal: mine.signal, onEvent: heard });
    } catch (error) {
      if (mine.signal.aborted) return;
      if (error instanceof Refused && (error.status === 401 || error.status === 403)) return askForToken(error.message);
    }
    if (mine.signal.aborted) return;
    tell("no answer, trying again");
    await new Promise((resolve) => setTimeout(resolve, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]));
  }
}

pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
  if (paused) {
    stream.abort();
    tell("paused");
  } else void look();
});

login.addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, field.value.trim());
  field.value = "";
  void look();
});

// A page that nobody sees costs the server nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) stream.abort();
  else if (!paused && login.hidden) void look();
});

const access = await fetch("v1/live/access").then((response) => response.json());
open = access.open === true;
if (!document.hidden) void look();
