// Own ticket: finds its place in the shared snapshot, and has the server draw the page anew only
// when the ticket may have changed, or, for a fresh estimate, at most once a minute.

import { byId, setText } from "./dom.js";
import { data } from "./page.js";
import { follow } from "./phone.js";
import { askAfter, mark, placeOf } from "./place.js";
import { texts } from "./texts.js";

const ESTIMATE_EVERY_MS = 60000;
const TIMEOUT_MS = 8000;
const VIBRATION_MS = [400, 200, 400];
const NEAR = 3; // from here on every step changes what the page says

const { text } = texts(data.texts);
let known = keyOf(data.snapshot);
let drawnAt = performance.now();
let estimateOld = false;
let drawing = false;
let poll = null;

function keyOf(snapshot) {
  const place = placeOf(snapshot, data.ticket.number);
  const ahead = place && place.ahead !== null ? Math.min(place.ahead, NEAR + 1) : "";
  return `${snapshot.business_day}|${mark(snapshot, data.ticket.number)}|${ahead}`;
}

// Browsers allow it only after a touch; without one, the page itself must do.
function vibrate() {
  const touched = navigator.userActivation && navigator.userActivation.hasBeenActive;
  if (touched && navigator.vibrate) navigator.vibrate(VIBRATION_MS);
}

async function fetchPage() {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), TIMEOUT_MS);
  try {
    const answer = await fetch(location.href, { cache: "no-store", signal: abort.signal });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } finally {
    clearTimeout(timer);
  }
}

// Nothing is replaced unless it differs: a half-made choice and the focus stay.
function put(drawn) {
  const [old, fresh] = [byId("main"), drawn.getElementById("main")];
  if (!fresh || old.isEqualNode(fresh)) return;
  const before = old.querySelector("[data-stage]").dataset;
  const after = fresh.querySelector("[data-stage]").dataset;
  const focused = document.activeElement && document.activeElement.id;
  document.title = drawn.title;
  old.replaceWith(document.adoptNode(fresh));
  if (focused && byId(focused)) byId(focused).focus({ preventScroll: true });
  const called = after.stage === "called";
  if (before.stage !== after.stage || (called && before.calls !== after.calls)) {
    setText(byId("said"), byId("status").textContent);
    if (called) vibrate();
  }
}

async function draw(snapshot) {
  if (drawing) return;
  drawing = true;
  const seen = keyOf(snapshot);
  try {
    put(await fetchPage());
    known = seen;
    drawnAt = performance.now();
    estimateOld = false;
    if (final()) poll.stop();
  } catch (error) {
    // The snapshot came through a moment ago; the next one tries again, `known` is unchanged.
  } finally {
    drawing = false;
  }
}

function final() {
  return document.querySelector("[data-stage]").dataset.final === "true";
}

// Whose holder is not here yet: that its turn has come shows in no part of the snapshot.
function absent() {
  return document.querySelector("[data-stage]").dataset.stage === "afar";
}

function aheadNow(snapshot) {
  const place = placeOf(snapshot, data.ticket.number);
  return place ? place.ahead : null;
}

let ahead = aheadNow(data.snapshot);
let latest = data.snapshot;

function onSnapshot(snapshot) {
  latest = snapshot;
  const now = aheadNow(snapshot);
  if (now !== null && now !== ahead) {
    setText(byId("ahead"), text("ticket.people", { n: now }));
    estimateOld = true;
  }
  ahead = now;
  const due = (estimateOld || absent()) && performance.now() - drawnAt > ESTIMATE_EVERY_MS;
  if (due || keyOf(snapshot) !== known) draw(snapshot);
}

if (!final()) {
  poll = follow({
    hall: data.hall.id,
    observedAt: data.snapshot.observed_at,
    interval: () => askAfter(ahead),
    onSnapshot,
    text,
  });
  document.addEventListener("click", (event) => {
    if (event.target.id !== "refresh") return;
    event.preventDefault();
    poll.ask();
    draw(latest);
  });
}
