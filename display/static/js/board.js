// The hall board, or that of one zone. Keeps nothing but the newest snapshot.

import { boardCards } from "./board_cards.js";
import { tileColumns, windowState } from "./board_tiles.js";
import { speakIfAsked } from "./board_voice.js";
import { Callout } from "./callout.js";
import { HallClock } from "./clock.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";
import { follow } from "./live.js";
import { timeToReload } from "./night.js";
import { data, nameOf } from "./page.js";
import { texts } from "./texts.js";
import { Wall } from "./wall.js";

const CALLS_SHOWN = 6;
const ROOMY_WINDOWS = 12; // up to so many, windows get large tiles
const TICK_MS = 250;

const { text } = texts(data.texts);
const second = data.second ? texts(data.second_texts).text : null;
const cards = boardCards(text, second, data.second);
const clock = new HallClock();
const callout = new Callout();
const startedAt = performance.now();
const zone = data.zone?.id ?? null;
let current = data.snapshot;
let callsChangedAt = startedAt;
let live = true;
let liveAt = "";
let shaped = "";

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

// ── Calls ───────────────────────────────────────────────────────────────────────────────────

function showCalls({ call, fresh, earlier }) {
  const windows = new Map(current.windows.map((window) => [window.id, window]));
  const nameFor = (id) => (windows.has(id) ? nameOf(windows.get(id)) : id);
  const rest = earlier.slice(0, CALLS_SHOWN - 1);
  const signature = JSON.stringify([call, rest, fresh, current.open]);
  const changed = refill(byId("calls"), signature, () => call
    ? [cards.hero(call, nameFor(call.window), fresh),
      ...rest.map((each) => cards.line(each, nameFor(each.window)))]
    : [make("li", { class: "call-none" },
        text(current.open ? "board.no_calls" : "board.closed"))]);
  if (changed && fresh) {
    setText(byId("announced"), `${call.number} ${text("board.call_to")} ${nameFor(call.window)}`);
  }
}

// ── Windows and queues ──────────────────────────────────────────────────────────────────────

function showWindows(windows) {
  const list = byId("windows");
  refill(list, JSON.stringify(windows.map((window) => window.id)),
    () => windows.map(() => make("li", { class: "window" })));
  // Only tiles that changed are drawn anew: a call must not wait for thirty-nine others.
  windows.forEach((window, place) => {
    const tile = list.children[place];
    const state = windowState(window);
    tile.dataset.state = state;
    refill(tile, JSON.stringify(window), () => cards.tile(window, state));
  });
}

function showQueues(queues) {
  refill(byId("queues"), JSON.stringify(queues), () => queues.map(cards.queue));
}

// How many columns: by the number of tiles and the place there is. Looked at again only when
// one of them has changed: asking for sizes makes the browser lay out everything.
function shape() {
  const windows = windowsHere(current).length;
  const parts = [windows, queuesHere(current).length, byId("media").hidden, byId("notice").hidden];
  const wanted = [...parts, innerWidth, innerHeight].join();
  if (wanted === shaped) return;
  shaped = wanted;
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
  setText(byId("date"), clock.dayText(document.documentElement.lang));
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
speakIfAsked(text);
