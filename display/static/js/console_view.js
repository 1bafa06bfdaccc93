// The own ticket, the next one, the keys and their countdowns.

import { spanText } from "./clock.js";
import { actionName, className, nextFor, reasonText, whatFor, words } from "./console_words.js";
import { byId, setHidden, setPill, setText } from "./dom.js";

const { text, wordFor } = words;
const TITLE = document.title;

// What the big key does where nobody is called: the other states have a way out of their own.
const HINTS = { open: "no_ticket_hint", paused: "paused_hint", closed: "not_open_hint" };

const SENT_AS = { "finish-other": "finish", "take-over": "open" };

// What a button of the page stands for in the API; `service` opens or pauses, as the case is.
export function sentAs(action, desk) {
  if (action !== "service") return SENT_AS[action] ?? action;
  return desk.window.status === "open" && desk.window.yours ? "pause" : "open";
}

function ownLine(ticket) {
  return [
    ticket.language === "en" ? text("console.language_en") : null,
    ticket.calls > 1 ? text("console.calls", { n: ticket.calls }) : null,
    ticket.returns ? text("console.returns", { n: ticket.returns }) : null,
    text("console.waited", { time: spanText(ticket.waited_s * 1000) }),
  ].filter(Boolean).join(" · ");
}

function showWindow({ window, mine }) {
  const reason = window.status === "paused" && window.reason;
  const status = text(`window_status.${window.status}`);
  setPill(byId("window-status"), window.status, status);
  setText(byId("pause-reason"), reason ? wordFor("reason", reason) : "");
  const facts = { name: window.clerk ?? mine.name, at: (window.since ?? "").slice(11, 16) };
  setText(byId("clerk"), text(window.since ? "console.clerk_since" : "console.clerk", facts));
}

function showTicket({ ticket, window }, taken) {
  const own = byId("own");
  own.dataset.status = ticket?.status ?? "none";
  setText(byId("own-number"), ticket?.number ?? text("console.no_ticket"));
  byId("own-number").classList.toggle("plate", Boolean(ticket));
  byId("own-number").dataset.state = ticket?.status ?? "none";
  setHidden(byId("own-status"), !ticket);
  if (ticket) setPill(byId("own-status"), ticket.status, text(`status.${ticket.status}`));
  const special = ticket && ticket.class !== "normal";
  setText(byId("own-class"), special ? className(ticket.class) : "");
  const hint = taken ? "taken_hint" : HINTS[window.status];
  setText(byId("own-what"), ticket ? whatFor(ticket) : text(`console.${hint}`));
  setText(byId("own-line"), ticket ? ownLine(ticket) : "");
}

function showNext(desk, taken) {
  const { next, window } = desk;
  setHidden(byId("next"), window.status !== "open" || taken);
  setText(byId("next-number"), next?.number ?? "");
  setText(byId("next-for"), next ? nextFor(desk) : text("console.next_none"));
  setText(byId("next-why"), next?.why ?? "");
}

// A button that does nothing says why: to the mouse, and to a screen reader on the button.
function showButton(button, session) {
  const reason = session.whyNot(sentAs(button.dataset.action, session.desk));
  const working = session.pending && sentAs(button.dataset.action, session.desk) ===
    session.pending.action;
  button.classList.toggle("is-working", Boolean(working));
  if (session.pending && !session.unanswered) return; // no flicker for a quick answer
  button.setAttribute("aria-disabled", String(Boolean(reason)));
  button.title = reason ? reasonText(reason) : "";
}

export function showDesk(session) {
  const { desk, taken } = session;
  showWindow(desk);
  showTicket(desk, taken);
  showNext(desk, taken);
  const status = taken ? "taken" : desk.window.status;
  document.body.dataset.desk = status;
  document.body.dataset.live = String(session.live);
  const service = sentAs("service", desk) === "pause" ? "pause" : "open";
  for (const button of document.querySelectorAll("[data-action]")) {
    const label = button.querySelector("[data-label]");
    if (button.dataset.action === "service") {
      setText(label, actionName(taken ? "take-over" : service));
    }
    showButton(button, session);
  }
  const number = desk.ticket ? `${desk.ticket.number} ${text(`status.${desk.ticket.status}`)}`
    : text("console.waiting_title", { n: desk.waiting_count });
  document.title = `${number} · ${TITLE}`;
}

function secondsUntil(at, clock) {
  return Math.max(0, Math.ceil((Date.parse(at) - clock.now()) / 1000));
}

function showRecall(session, clock) {
  const { desk } = session;
  const button = document.querySelector('[data-action="recall"]');
  const label = button.querySelector("[data-label]");
  const { recall } = desk;
  const after = recall?.not_before ? secondsUntil(recall.not_before, clock) : 0;
  if (!recall) setText(label, text("console.recall"));
  else if (after) setText(label, text("console.recall_after", { n: after }));
  else setText(label, text("console.recall_left", { n: recall.left }));
  showButton(button, session);
  if (!after) return;
  button.setAttribute("aria-disabled", "true"); // pressed all the same, the server says how long
  button.title = reasonText({ code: "recall_too_soon", facts: { seconds: after } });
}

function showUndo({ desk }, clock) {
  const left = desk.undo ? secondsUntil(desk.undo.until, clock) : 0;
  const bar = byId("undo");
  setHidden(bar, left === 0);
  if (!left) return;
  const progress = byId("undo-left");
  progress.max = Math.max(progress.max, left);
  progress.value = left;
  const facts = { number: desk.undo.number, n: left };
  setText(bar.querySelector("[data-label]"), text("console.undo_left", facts));
}

function showAge(session, clock, lastSign) {
  setHidden(byId("offline"), session.live);
  if (session.live) return;
  const facts = { at: clock.text(lastSign), age: spanText(clock.now() - lastSign) };
  setText(byId("offline"), text("console.offline", facts));
}

// What changes with every second; called twice a second.
export function showTimes(session, clock, lastSign) {
  showRecall(session, clock);
  showUndo(session, clock);
  showAge(session, clock, lastSign);
  setText(byId("clock"), clock.text());
  const { ticket } = session.desk;
  const since = ticket && (ticket.status === "serving" ? ticket.started_at : ticket.called_at);
  const key = ticket?.status === "serving" ? "console.serving_for" : "console.called_for";
  const time = since ? spanText(clock.now() - Date.parse(since)) : "";
  setText(byId("own-time"), time);
  setText(byId("own-time-what"), since ? text(key) : "");
  for (const cell of document.querySelectorAll("[data-since]")) {
    const minutes = Math.floor((clock.now() - Number(cell.dataset.since)) / 60000);
    setText(cell, text("console.minutes", { n: Math.max(0, minutes) }));
  }
}
