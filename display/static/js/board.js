// The hall board, or that of one zone. Keeps nothing but the newest snapshot.

import { breadth, tileColumns, windowState } from "./board_tiles.js";
import { Callout } from "./callout.js";
import { HallClock } from "./clock.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";
import { follow } from "./live.js";
import { timeToReload } from "./night.js";
import { data, nameOf } from "./page.js";
import { texts } from "./texts.js";
import { queueHeadline } from "./waits.js";
import { Wall } from "./wall.js";

const CALLS_SHOWN = 6;
const ROOMY_WINDOWS = 12; // up to so many, windows get large tiles
const TICK_MS = 250;

const { text } = texts(data.texts);
const second = data.second ? texts(data.second_texts).text : null;
const clock = new HallClock();
const callout = new Callout();
const startedAt = performance.now();
const zone = data.zone?.id ?? null;
let current = data.snapshot;
let callsChangedAt = startedAt;
let live = true;
let liveAt = "";

const wall = new Wall({
  hall: data.hall.id,
  zone,
  language: data.language,
  media: byId("media"),
  notice: { box: byId("notice"), text: byId("notice-text"), place: byId("notice-place") },
  onShape: () => shape(),
});

function windowsHere(snapshot) {
  return snapshot.windows.filter((window) => !zone || window.zone === zone);
}

function queuesHere(snapshot) {
  if (!zone) return snapshot.queues;
  const served = new Set(windowsHere(snapshot).flatMap((window) => window.queues));
  return snapshot.queues.filter((queue) => served.has(queue.id));
}

function inSecond(key, facts) {
  return second && make("span", { class: "second", lang: data.second }, second(key, facts));
}

// ── Calls ───────────────────────────────────────────────────────────────────────────────────

function showCalls({ call, fresh, earlier }) {
  const windows = new Map(current.windows.map((window) => [window.id, window]));
  const nameFor = (id) => (windows.has(id) ? nameOf(windows.get(id)) : id);
  const rest = earlier.slice(0, CALLS_SHOWN - 1);
  const signature = JSON.stringify([call, rest, fresh, current.open]);
  const changed = refill(byId("calls"), signature, () => call
    ? [heroOf(call, nameFor(call.window), fresh),
      ...rest.map((each) => lineOf(each, nameFor(each.window)))]
    : [make("li", { class: "call-none" },
        text(current.open ? "board.no_calls" : "board.closed"))]);
  if (changed && fresh) {
    setText(byId("announced"), `${call.number} ${text("board.call_to")} ${nameFor(call.window)}`);
  }
}

function heroOf(call, name, fresh) {
  const hero = make("li", { class: "call call-hero", data: { fresh } },
    make("span", { class: "call-label" },
      text(fresh ? "board.calling_now" : "board.latest"),
      inSecond(fresh ? "board.calling_now" : "board.latest")),
    make("b", { class: "plate number" }, call.number),
    make("span", { class: "call-to" },
      make("span", { class: "call-verb" }, `${text("board.call_to")} `, inSecond("board.call_to")),
      make("strong", {}, name)),
    make("span", { class: "call-times" },
      call.times > 1 ? text("board.times", { n: call.times }) : ""));
  hero.style.setProperty("--digits", call.number.length);
  hero.style.setProperty("--letters", breadth(name)); // as large as they fit
  return hero;
}

function lineOf(call, name) {
  return make("li", { class: "call" },
    make("b", { class: "number" }, call.number),
    make("span", { class: "call-to" }, make("span", { class: "call-verb" },
      `${text("board.call_to")} `), make("strong", {}, name)),
    make("span", { class: "call-times" },
      call.times > 1 ? text("board.times", { n: call.times }) : call.at.slice(11, 16)));
}

// ── Windows and queues ──────────────────────────────────────────────────────────────────────

function showWindows(windows) {
  refill(byId("windows"), JSON.stringify(windows), () => windows.map((window) => {
    const state = windowState(window);
    const said = window.reason ? `reason.${window.reason}` : `window_status.${state}`;
    return make("li", { class: "window", data: { state } },
      make("span", { class: "window-name" }, nameOf(window)),
      window.number
        ? make("b", { class: state === "calling" ? "plate number" : "number" }, window.number)
        : make("span", { class: "window-none" }, text(`window_status.${state}`)),
      make("span", { class: "window-state" },
        window.number || window.reason ? text(said) : ""));
  }));
}

function showQueues(queues) {
  refill(byId("queues"), JSON.stringify(queues), () => queues.map((queue) => {
    const next = queue.status === "open" ? queue.order[0] : null;
    return make("li", { class: "queue", data: { status: queue.status } },
      make("span", {},
        make("span", { class: "queue-name" }, make("i", { class: "figure" }, queue.letter),
          ` ${nameOf(queue)}`),
        next && make("span", { class: "queue-next" }, `${text("board.next")} `,
          make("span", { class: "figure" }, next))),
      make("span", {},
        make("span", { class: "queue-wait" }, queueHeadline(text, queue)),
        make("b", {}, text("board.people", { n: queue.waiting }))));
  }));
}

// How many columns: by the number of tiles and the place there is.
function shape() {
  const windows = windowsHere(current).length;
  const board = byId("board");
  board.dataset.size = windows <= ROOMY_WINDOWS ? "roomy" : "dense";
  board.dataset.media = byId("media").hidden ? "none" : "shown";
  fit(byId("windows"), windows, 2);
  fit(byId("queues"), queuesHere(current).length, null);
}

function fit(list, count, aspect) {
  const { clientWidth: width, clientHeight: height } = list;
  const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const columns = aspect
    ? tileColumns(count, width / Math.max(height, 1), aspect)
    : Math.min(Math.max(count, 1), Math.max(1, Math.floor(width / (size * 13))));
  const rows = Math.ceil(count / columns);
  list.style.setProperty("--columns", aspect ? columns : Math.ceil(count / Math.max(rows, 1)) || 1);
  list.style.setProperty("--rows", rows);
}

function show(snapshot, announced) {
  current = snapshot;
  showCalls(announced);
  showWindows(windowsHere(snapshot));
  showQueues(queuesHere(snapshot));
  shape();
}

function take(snapshot) {
  const here = new Set(windowsHere(snapshot).map((window) => window.id));
  const calls = snapshot.calls.filter((call) => !zone || here.has(call.window));
  if (calls[0]?.seq !== callout.calls[0]?.seq) callsChangedAt = performance.now();
  const observed = Date.parse(snapshot.observed_at);
  show(snapshot, callout.take(calls, observed, performance.now()));
}

// ── Time ────────────────────────────────────────────────────────────────────────────────────

function tick() {
  const now = performance.now();
  const time = clock.text();
  setText(byId("clock"), time.slice(0, 5));
  setText(byId("date"), clock.day(document.documentElement.lang));
  if (live) liveAt = time;
  showCalls(callout.show(now));
  wall.tick();
  const age = now - startedAt;
  if (timeToReload({ clock: time, age, quiet: now - callsChangedAt, live })) location.reload();
}

take(data.snapshot);
wall.take(data.wall);
follow({
  hall: data.hall.id,
  initial: data.snapshot,
  clock,
  onSnapshot: take,
  onState: (state) => {
    live = state.live;
    const at = clock.text(clock.now() - (performance.now() - state.lastSign));
    setText(byId("stale"), live ? "" : text("board.stale", { at: liveAt || at }));
    setHidden(byId("stale"), live);
    byId("board").dataset.stale = live ? "no" : "yes";
  },
});
setInterval(tick, TICK_MS);
tick();
addEventListener("resize", shape);
