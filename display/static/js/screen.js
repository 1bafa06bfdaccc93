// What hangs above a window: its name, its number huge, its state, who is next. Keeps nothing but
// the newest snapshot.

import { windowState } from "./board_tiles.js";
import { FRESH_MS } from "./callout.js";
import { HallClock } from "./clock.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";
import { follow } from "./live.js";
import { timeToReload } from "./night.js";
import { data, nameOf } from "./page.js";
import { nextUp } from "./screen_next.js";
import { texts } from "./texts.js";

const TICK_MS = 250;
const HINTS = new Set(["free", "paused", "closed"]);

const { text } = texts(data.texts);
const second = data.second ? texts(data.second_texts).text : null;
const clock = new HallClock();
const startedAt = performance.now();
let changedAt = startedAt;
let freshUntil = 0;
let newest = null;
let live = true;
let liveAt = "";

function show(snapshot) {
  const window = snapshot.windows.find((each) => each.id === data.window.id);
  if (!window) {
    location.reload(); // the hall was furnished anew: the server says what became of it
    return;
  }
  const state = windowState(window);
  const key = state === "calling" ? "called" : state;
  const call = snapshot.calls.find((each) => each.window === window.id &&
    each.number === window.number);
  announce(state === "calling" ? call?.seq ?? 0 : 0);
  byId("main").dataset.state = state;
  setText(byId("number"), window.number ?? "");
  setHidden(byId("number"), !window.number);
  byId("number").dataset.state = state;
  setText(byId("says"), text(`screen.${key}`));
  setText(byId("second"), second ? second(`screen.${key}`) : "");
  setText(byId("hint"), hint(window, state, call));
  showQueues(snapshot, window);
}

// A new call, or a recall, of this window looks new for a while.
function announce(seq) {
  if (newest !== null && seq > newest) freshUntil = performance.now() + FRESH_MS;
  if (seq === 0) freshUntil = 0;
  if (newest !== seq) changedAt = performance.now();
  newest = Math.max(seq, newest ?? 0);
}

function hint(window, state, call) {
  if (state === "calling") {
    return call?.times > 1 ? text("screen.called_again", { n: call.times }) : "";
  }
  if (window.reason) return text(`reason.${window.reason}`);
  return HINTS.has(state) ? text(`screen.${state}_hint`) : "";
}

function showQueues(snapshot, window) {
  const queues = snapshot.queues.filter((queue) => window.queues.includes(queue.id));
  // 一窗受理: a list of everything would be cut off, and says no more.
  const all = queues.length > 1 && queues.length === snapshot.queues.length;
  refill(byId("queues"), JSON.stringify([all, queues.map((queue) => queue.id)]), () => [
    `${text("screen.queues")} `,
    ...(all ? [make("span", {}, text("screen.all_queues"))] : queues.map((queue) =>
      make("span", {}, make("i", { class: "figure" }, queue.letter), nameOf(queue)))),
  ]);
  const next = window.status === "open" ? nextUp(queues) : [];
  refill(byId("next"), JSON.stringify([window.status, next]), () => next.length
    ? [`${text("screen.next")} `, ...next.map((each) => make("b", { class: "figure" }, each))]
    : [window.status === "open" ? text("screen.next_none") : ""]);
}

function tick() {
  const now = performance.now();
  const time = clock.text();
  setText(byId("clock"), time.slice(0, 5));
  if (live) liveAt = time;
  byId("main").dataset.fresh = String(now < freshUntil);
  const age = now - startedAt;
  if (timeToReload({ clock: time, age, quiet: now - changedAt, live })) location.reload();
}

show(data.snapshot);
follow({
  hall: data.hall.id,
  initial: data.snapshot,
  clock,
  onSnapshot: (snapshot) => {
    show(snapshot);
    tick(); // a call looks new with its first picture
  },
  onState: (state) => {
    live = state.live;
    const at = clock.text(clock.now() - (performance.now() - state.lastSign));
    setText(byId("stale"), live ? "" : text("screen.stale", { at: liveAt || at }));
    setHidden(byId("stale"), live);
    byId("main").dataset.stale = live ? "no" : "yes";
  },
});
setInterval(tick, TICK_MS);
tick();
