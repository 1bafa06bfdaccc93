// 排队情况: keeps the server-rendered page up to date, and finds services while one types.

import { busyText, redraw } from "./busy.js";
import { byId, make, refill, setHidden, setPill, setText } from "./dom.js";
import { matches } from "./find.js";
import { data, nameOf } from "./page.js";
import { follow } from "./phone.js";
import { texts } from "./texts.js";
import { queueSpan } from "./waits.js";

const ASK_EVERY_MS = 10000;
const CALLS_SHOWN = 5;

const { text } = texts(data.texts);
const page = document.querySelector("[data-shape]");

// What the server draws: queues, windows, and everything that hangs on being open.
function shapeOf(snapshot) {
  const ids = (things) => things.map((thing) => thing.id).join(" ");
  return `${ids(snapshot.queues)}|${ids(snapshot.windows)}|${snapshot.open}`;
}

function showQueue(queue, at) {
  const element = document.querySelector(`[data-queue="${CSS.escape(queue.id)}"]`);
  const field = (name) => element.querySelector(`[data-field="${name}"]`);
  element.dataset.status = queue.status;
  setPill(field("status"), queue.status, text(`queue_status.${queue.status}`));
  setText(field("waiting"), text("phone.people", { n: queue.waiting }));
  setText(field("wait"), queueSpan(text, queue));
  setText(field("last"), queue.last_called || text("phone.none"));
  showBusy(field("busy"), queue.waiting, queue.status === "open", at);
  redraw(element.querySelector(".chart svg"), queue.waiting, at);
}

function showBusy(element, waiting, open, at) {
  if (!element) return;
  setText(element, open ? busyText(text, waiting, element.dataset.usual, at) : "");
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
          number: call.number, window: names.get(call.window) || call.window })),
        " ", make("span", { class: "muted" }, call.at.slice(11, 16))))
    : [make("li", {}, text("phone.none"))]);
}

function show(snapshot) {
  if (shapeOf(snapshot) !== page.dataset.shape) {
    location.reload(); // rare: the hall was furnished anew, opened or closed
    return;
  }
  const total = snapshot.queues.reduce((sum, queue) => sum + queue.waiting, 0);
  setText(byId("total"), text("phone.people", { n: total }));
  const windows = snapshot.windows.filter((window) => window.status === "open").length;
  setText(byId("windows-open"), text("phone.windows_count", { n: windows }));
  const at = snapshot.observed_at;
  showBusy(byId("busy"), total, true, at);
  redraw(document.querySelector("#times svg"), total, at);
  snapshot.queues.forEach((queue) => showQueue(queue, at));
  snapshot.windows.forEach(showWindow);
  showCalls(snapshot);
}

function find() {
  const query = byId("q").value.trim();
  let found = 0;
  for (const queue of document.querySelectorAll("[data-queue]")) {
    const lines = [...queue.querySelectorAll("li[data-find]")];
    const whole = matches(query, queue.dataset.find);
    for (const line of lines) setHidden(line, !whole && !matches(query, line.dataset.find));
    const shown = whole || lines.some((line) => !line.hidden);
    setHidden(queue, !shown);
    const list = queue.querySelector("details");
    if (list) list.open = query !== "" && shown && !whole;
    found += shown ? 1 : 0;
  }
  setHidden(byId("nothing"), found > 0 || query === "");
  setHidden(byId("all"), query === "");
}

const poll = follow({
  hall: data.hall.id,
  observedAt: data.observed_at,
  interval: () => ASK_EVERY_MS,
  onSnapshot: (snapshot, changed) => changed && show(snapshot),
  text,
});
byId("refresh").addEventListener("click", (event) => {
  event.preventDefault();
  poll.ask();
});
if (byId("q")) {
  byId("q").addEventListener("input", find);
  byId("find").addEventListener("submit", (event) => event.preventDefault());
}
