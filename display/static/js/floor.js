// The manager's floor: follows the hall and asks for the whole picture when something changed.

import { Api, hallPath } from "./api.js";
import { HallClock } from "./clock.js";
import { byId, setHidden, setPill, setText } from "./dom.js";
import { setUpDesk, showDesk } from "./floor_desk.js";
import { showAlarms, showQueues, showTimes, showWindows } from "./floor_lists.js";
import { follow } from "./live.js";
import { csrf, data } from "./page.js";
import { texts } from "./texts.js";

const ASK_EVERY_MS = 5000; // alarms and waits change without an event of the hall
const ASK_AT_MOST_EVERY_MS = 500; // a busy hall has ten events a second

const words = texts(data.texts);
const { text, problem } = words;
const api = new Api({ csrf: csrf(), language: data.language });
const clock = new HallClock();

let floor = data.floor;
let live = true;
let lastSign = null;
let asking = false;
let askAgain = false;
let askedAt = -Infinity;

const facts = () => ({ floor, words, clock, live, run, open: openDesk });

function show() {
  showWindows(facts());
  showQueues(facts());
  showAlarms(facts(), acknowledge);
  showTimes(facts());
  showDesk(facts());
  const waiting = floor.queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const open = floor.windows.filter((window) => window.status === "open").length;
  setText(byId("total"), text("floor.total", { n: waiting }));
  setText(byId("open-windows"), text("floor.open_windows", { open, all: floor.windows.length }));
}

function tell(sentence, kind) {
  const message = byId("message");
  message.className = `notice notice-${kind} floor-message`;
  setText(message, sentence);
  setHidden(message, !sentence);
}

function failed(failure) {
  if (failure.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
  } else {
    tell(problem(failure.code, failure.facts), "bad");
  }
}

// One question at a time, not too often; a change that comes meanwhile causes one more.
async function ask() {
  if (asking) {
    askAgain = true;
    return;
  }
  asking = true;
  askedAt = performance.now();
  try {
    floor = await api.get(hallPath(data.hall.id, "floor"));
    clock.observed(floor.observed_at);
    show();
  } catch (failure) {
    if (failure.status !== 0) failed(failure);
  } finally {
    asking = false;
    if (askAgain) {
      askAgain = false;
      setTimeout(ask, Math.max(0, askedAt + ASK_AT_MOST_EVERY_MS - performance.now()));
    }
  }
}

async function command(name, path, body) {
  if (!live) return false;
  tell(text("floor.working"), "good");
  try {
    await api.command(name, "POST", hallPath(data.hall.id, ...path), body);
    tell(text("floor.done"), "good");
    return true;
  } catch (failure) {
    failed(failure);
    return false;
  } finally {
    await ask();
  }
}

function run(window, action, body) {
  return command(`window ${window}`, ["windows", window, action], body);
}

function acknowledge(alarm) {
  return command(`alarm ${alarm}`, ["alarms", String(alarm), "ack"], {});
}

let openDesk = () => {};

function onState(state) {
  live = state.live;
  lastSign = live ? null : clock.text();
  setPill(byId("connection"), "", text(live ? "live.live" : "live.reconnecting"));
  byId("connection").dataset.state = live ? "live" : "stale";
  setText(byId("offline"), text("floor.offline", { at: lastSign ?? "" }));
  setHidden(byId("offline"), live);
  show();
}

clock.observed(floor.observed_at);
openDesk = setUpDesk(facts);
show();
follow({ hall: data.hall.id, clock, onSnapshot: ask, onState });
setInterval(() => {
  setText(byId("clock"), clock.text());
  showTimes(facts());
}, 500);
setInterval(() => {
  if (!document.hidden) ask();
}, ASK_EVERY_MS);
