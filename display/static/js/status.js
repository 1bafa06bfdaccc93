// 排队情况: keeps the server-rendered page up to date.

import { HallClock } from "./clock.js";
import { byId, make, refill, setHidden, setPill, setText } from "./dom.js";
import { data, nameOf } from "./page.js";
import { Poll, Reader } from "./poll.js";
import { texts } from "./texts.js";
import { queueHeadline, queueRange } from "./waits.js";

const ASK_EVERY_MS = 10000;
const CALLS_SHOWN = 5;

const { text } = texts(data.texts);
const clock = new HallClock();
let current = data.snapshot;

function shapeOf(snapshot) {
  const ids = (things) => things.map((thing) => thing.id).join(" ");
  return `${ids(snapshot.queues)}|${ids(snapshot.windows)}`;
}

function showQueue(queue) {
  const element = document.querySelector(`[data-queue="${CSS.escape(queue.id)}"]`);
  const field = (name) => element.querySelector(`[data-field="${name}"]`);
  setPill(field("status"), queue.status, text(`queue_status.${queue.status}`));
  setText(field("waiting"), text("phone.people", { n: queue.waiting }));
  setText(field("wait"), queueHeadline(text, queue));
  setText(field("range"), queueRange(text, queue));
  setText(field("last"), queue.last_called ?? text("phone.none"));
}

function showWindow(window) {
  const element = document.querySelector(`[data-window="${CSS.escape(window.id)}"]`);
  setText(element.querySelector('[data-field="number"]'), window.number);
  const pill = element.querySelector('[data-field="status"]');
  setPill(pill, window.status, text(`window_status.${window.status}`));
}

function showCalls(snapshot) {
  const names = new Map(snapshot.windows.map((window) => [window.id, nameOf(window)]));
  const calls = snapshot.calls.slice(0, CALLS_SHOWN);
  refill(byId("calls"), JSON.stringify(calls), () => calls.length
    ? calls.map((call) => make("li", {},
        make("b", {}, text("phone.call_line", {
          number: call.number, window: names.get(call.window) ?? call.window })),
        " ", make("span", { class: "muted" }, call.at.slice(11, 16))))
    : [make("li", {}, text("phone.none"))]);
}

function show(snapshot) {
  // Furniture changed (rare): let the server draw it.
  if (shapeOf(snapshot) !== document.querySelector("[data-shape]").dataset.shape) {
    location.reload();
    return;
  }
  const open = snapshot.open ? "open" : "closed";
  setPill(byId("open"), open, text(`phone.${open}`));
  const total = snapshot.queues.reduce((sum, queue) => sum + queue.waiting, 0);
  setText(byId("total"), text("phone.people", { n: total }));
  const windows = snapshot.windows.filter((window) => window.status === "open").length;
  setText(byId("windows-open"), text("phone.windows_count", { n: windows }));
  snapshot.queues.forEach(showQueue);
  snapshot.windows.forEach(showWindow);
  showCalls(snapshot);
}

function onRead({ snapshot, date }) {
  clock.date(date);
  if (snapshot) {
    current = snapshot;
    clock.observed(snapshot.observed_at);
    show(snapshot);
  }
  setHidden(byId("stale"), true);
  setText(byId("updated"), text("live.updated", { at: clock.text() }));
  lastAnswer = clock.text();
}

function onFailure() {
  setText(byId("stale"), text("phone.offline", { at: lastAnswer }));
  setHidden(byId("stale"), false);
}

clock.observed(current.observed_at);
let lastAnswer = clock.text();
const reader = new Reader(`/api/v1/halls/${encodeURIComponent(data.hall.id)}`);
const poll = new Poll({ reader, interval: () => ASK_EVERY_MS, onRead, onFailure }).start();
poll.ask();
byId("refresh").addEventListener("click", (event) => {
  event.preventDefault();
  poll.ask();
});
