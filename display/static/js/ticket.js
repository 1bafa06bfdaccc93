// Own ticket: finds its place in the shared snapshot and asks for the ticket itself only when
// its state may have changed (or, for a fresh estimate, at most once a minute).

import { Api } from "./api.js";
import { HallClock } from "./clock.js";
import { byId, setHidden, setText } from "./dom.js";
import { data, nameOf } from "./page.js";
import { askAfter, mark, placeOf } from "./place.js";
import { Poll, Reader } from "./poll.js";
import { texts } from "./texts.js";
import { headline, range, shown } from "./waits.js";

const ESTIMATE_EVERY_MS = 60000;
const OVER = ["served", "cancelled"];
const ASK_WHEN_OVER_MS = 30000;
const VIBRATION_MS = [400, 200, 400];

const { text } = texts(data.texts);
const api = new Api({ language: data.language });
const clock = new HallClock();
let ticket = data.ticket;
let snapshot = data.snapshot;
let known = mark(snapshot, ticket.number);
let estimatedAt = performance.now();
let estimateOld = false;
let fetching = false;

function windowName(id) {
  const window = snapshot.windows.find((candidate) => candidate.id === id);
  return window ? nameOf(window) : id ?? text("ticket.window_unknown");
}

function show() {
  const waiting = ticket.status === "waiting";
  byId("own").dataset.status = ticket.status;
  const sentence = text(`ticket.${ticket.status}`, { window: windowName(ticket.window) });
  setText(byId("status"), sentence);
  setHidden(byId("times"), ticket.status !== "called" || ticket.calls < 2);
  setText(byId("times"), text("ticket.called_times", { n: ticket.calls }));
  for (const part of document.querySelectorAll('[data-when="waiting"]')) setHidden(part, !waiting);
  const short = waiting ? text("ticket.title") : text(`status.${ticket.status}`);
  document.title = `${ticket.number} · ${short}`;
  if (!waiting) return;
  const wait = shown(ticket.wait, ticket.ahead);
  setText(byId("ahead"), text("ticket.people", { n: ticket.ahead ?? 0 }));
  setText(byId("wait"), headline(text, wait));
  setText(byId("range"), range(text, wait));
}

// Browsers allow it only after a touch; without one, the page itself must do.
function vibrate() {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(VIBRATION_MS);
}

async function fetchTicket() {
  if (fetching) return;
  fetching = true;
  const seen = mark(snapshot, ticket.number);
  try {
    const before = ticket;
    ticket = (await api.get(`/tickets/${encodeURIComponent(data.token)}`)).ticket;
    known = seen;
    estimatedAt = performance.now();
    estimateOld = false;
    const fresh = ticket.status !== before.status || ticket.calls > before.calls;
    if (ticket.status === "called" && fresh) vibrate();
    show();
  } catch {
    // The snapshot came through a moment ago; the next one tries again, `known` is unchanged.
  } finally {
    fetching = false;
  }
}

function onRead({ snapshot: read, date }) {
  clock.date(date);
  if (read) {
    snapshot = read;
    clock.observed(read.observed_at);
  }
  setHidden(byId("stale"), true);
  lastAnswer = clock.text();
  setText(byId("updated"), text("live.updated", { at: lastAnswer }));
  const place = placeOf(snapshot, ticket.number);
  if (ticket.status === "waiting" && place?.state === "waiting" && place.ahead !== ticket.ahead) {
    ticket = { ...ticket, ahead: place.ahead };
    estimateOld = true;
    show();
  }
  const due = estimateOld && performance.now() - estimatedAt > ESTIMATE_EVERY_MS;
  if (due || mark(snapshot, ticket.number) !== known) fetchTicket();
}

function onFailure() {
  setText(byId("stale"), text("live.stale", { at: lastAnswer }));
  setHidden(byId("stale"), false);
}

clock.observed(snapshot.observed_at);
let lastAnswer = clock.text();
const reader = new Reader(`/api/v1/halls/${encodeURIComponent(data.hall.id)}`);
const interval = () => (OVER.includes(ticket.status)
  ? ASK_WHEN_OVER_MS : askAfter(ticket.status === "waiting" ? ticket.ahead : null));
const poll = new Poll({ reader, interval, onRead, onFailure }).start();
poll.ask();
byId("refresh").addEventListener("click", (event) => {
  event.preventDefault();
  poll.ask();
  fetchTicket();
});
