// Which screen is shown, the way back, and the way home by itself: a visitor who walks away
// leaves the first screen to the next one. The last seconds are counted down in sight.

import { byId, setHidden, setText } from "./dom.js";
import { onChange, state, text } from "./kiosk_state.js";
import { data } from "./page.js";

const SCREENS = ["choose", "list", "find", "confirm", "priority", "checkin", "result"];

// Seconds without a touch; the elder mode gives twice the time (WCAG 2.2.1).
const IDLE_S = {
  choose: 60, list: 60, find: 60, confirm: 60, priority: 60, checkin: 60, result: 30,
};
const SHOWN_S = 15;
const TICK_MS = 1000;

let path = ["choose"];
let left = IDLE_S.choose;
let span = IDLE_S.choose;
let endings = [];
let arrivals = [];

export function current() {
  return path[path.length - 1];
}

// Called with `gone` when the first screen comes again: forget what was chosen, and, if the
// visitor has finished or gone, who it was.
export function onHome(call) {
  endings.push(call);
}

// Called with the name of each screen that is shown.
export function onShown(call) {
  arrivals.push(call);
}

export function go(name) {
  if (path.includes(name)) path = path.slice(0, path.indexOf(name) + 1);
  else path.push(name);
  show();
}

// To `name` as if straight from the first screen: "back" does not repeat what is done.
export function goOnly(name) {
  path = ["choose", name];
  show();
}

function back() {
  if (path.length <= 2) toFirst(false);
  else {
    path.pop();
    show();
  }
}

// The visitor has finished: the next one begins.
export function finish() {
  toFirst(true);
}

function toFirst(gone) {
  path = ["choose"];
  for (const call of endings) call(gone);
  show();
}

// At least `seconds` more on this screen.
export function linger(seconds) {
  span = seconds * (state.elder ? 2 : 1);
  touched();
}

function show() {
  const name = current();
  for (const each of SCREENS) setHidden(byId(each), each !== name);
  byId("kiosk").dataset.step = name;
  linger(IDLE_S[name]);
  setHidden(byId("back"), name === "choose" || name === "result");
  setHidden(byId("home"), path.length <= 2 || name === "result");
  byId("main").scrollTop = 0;
  for (const call of arrivals) call(name);
  // For screen readers, and so that no forgotten field swallows a scanner's Enter.
  byId(`${name}-title`).focus();
}

// Somebody used a mode, or is deeper in: then there is something to forget.
function toForget() {
  return path.length > 1 || state.elder || state.low || state.language !== data.language;
}

// Somebody is here: the time begins anew.
export function touched() {
  left = span;
  tell();
}

function tell() {
  const counted = !state.busy && toForget();
  const always = current() === "result";
  setHidden(byId("returning"), !counted || (!always && left > SHOWN_S));
  if (counted) setText(byId("returning"), text("kiosk.returning", { n: left }));
}

function tick() {
  if (state.busy || !toForget()) left = span;
  else left -= 1;
  if (left <= 0) finish();
  else tell();
}

export function start() {
  for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, touched);
  byId("back").addEventListener("click", back);
  byId("home").addEventListener("click", () => toFirst(false));
  onChange(() => {
    byId("back").disabled = state.busy;
    byId("home").disabled = state.busy;
    tell();
  });
  setInterval(tick, TICK_MS);
}
