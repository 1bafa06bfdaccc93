// The hall board. Keeps nothing but the newest snapshot.

import { speakIfAsked } from "./board_voice.js";
import { HallClock } from "./clock.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";
import { follow } from "./live.js";
import { data, nameOf } from "./page.js";
import { texts } from "./texts.js";
import { queueHeadline } from "./waits.js";

const CALLS_SHOWN = 6;
const FLASH_MS = 8000;
const RELOAD_AT = "03:3"; // once a night: a fresh page, fresh memory, new versions
const RELOAD_NOT_BEFORE_MS = 3600000;
const ROOMY_WINDOWS = 12; // up to so many, windows get large tiles

const { text } = texts(data.texts);
const clock = new HallClock();
const startedAt = performance.now();
let newestCall = null;
let flashUntil = 0;

function callKey(call) {
  return `${call.number} ${call.window} ${call.times} ${call.seq}`;
}

function showCalls(snapshot) {
  const calls = snapshot.calls.slice(0, CALLS_SHOWN);
  const names = new Map(snapshot.windows.map((window) => [window.id, nameOf(window)]));
  const newest = calls.length ? callKey(calls[0]) : "";
  if (newestCall !== null && newest && newest !== newestCall) {
    flashUntil = performance.now() + FLASH_MS;
  }
  newestCall = newest;
  const signature = JSON.stringify(calls.map(callKey));
  refill(byId("calls"), signature, () => calls.length
    ? calls.map((call) => make("li", { class: "call" },
        make("b", { class: "number" }, call.number),
        make("span", { class: "call-to" }, `${text("board.call_to")} `,
          make("strong", {}, names.get(call.window) ?? call.window)),
        make("span", { class: "call-times" },
          call.times > 1 ? text("board.times", { n: call.times }) : "")))
    : [make("li", { class: "call-none" }, text("board.no_calls"))]);
}

function windowState(window) {
  if (window.status !== "open") return window.status;
  if (window.state === "called") return "calling";
  return window.state === "serving" ? "serving" : "free";
}

function showWindows(snapshot) {
  const windows = snapshot.windows;
  byId("board").dataset.size = windows.length <= ROOMY_WINDOWS ? "roomy" : "dense";
  byId("windows").dataset.columns = columnsFor(windows.length);
  refill(byId("windows"), JSON.stringify(windows), () => windows.map((window) => {
    const state = windowState(window);
    return make("li", { class: "window", data: { state } },
      make("span", { class: "window-name" }, nameOf(window)),
      make("b", { class: "number" }, window.number ?? "—"),
      make("span", { class: "window-state" }, text(`window_status.${state}`)));
  }));
}

function columnsFor(windows) {
  for (const [most, columns] of [[4, 1], [12, 2], [18, 3], [32, 4], [50, 5]]) {
    if (windows <= most) return columns;
  }
  return 6;
}

function showQueues(snapshot) {
  refill(byId("queues"), JSON.stringify(snapshot.queues), () => snapshot.queues.map((queue) =>
    make("li", { class: "queue", data: { status: queue.status } },
      make("span", { class: "queue-name" }, `${queue.letter} ${nameOf(queue)}`),
      make("b", {}, text("board.people", { n: queue.waiting })),
      make("span", { class: "queue-wait" }, queueHeadline(text, queue)))));
}

function show(snapshot) {
  showCalls(snapshot);
  showWindows(snapshot);
  showQueues(snapshot);
}

let shownAt = "";
let live = true;
function tick() {
  const now = clock.text();
  setText(byId("clock"), now);
  if (live) shownAt = now;
  byId("calls").classList.toggle("flash", performance.now() < flashUntil);
  const old = performance.now() - startedAt > RELOAD_NOT_BEFORE_MS;
  // Only while the hall answers: a reload into a dead network would blank the board.
  if (old && live && now.startsWith(RELOAD_AT)) location.reload();
}

show(data.snapshot);
follow({
  hall: data.hall.id,
  initial: data.snapshot,
  clock,
  onSnapshot: show,
  onState: (state) => {
    live = state.live;
    const at = clock.text(clock.now() - (performance.now() - state.lastSign));
    setText(byId("stale"), live ? "" : text("board.stale", { at: shownAt || at }));
    setHidden(byId("stale"), live);
  },
});
setInterval(tick, 500);
tick();
speakIfAsked(text);
