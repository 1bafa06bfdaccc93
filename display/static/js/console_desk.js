// The own ticket, the next one, the buttons and their countdowns.

import { spanText } from "./clock.js";
import { byId, setHidden, setPill, setText } from "./dom.js";
import { data, nameOf } from "./page.js";

function serviceName(id) {
  const service = data.services.services.find((candidate) => candidate.id === id);
  return service ? nameOf(service) : "";
}

export function queueName(id) {
  const queue = data.services.queues.find((candidate) => candidate.id === id);
  return queue ? nameOf(queue) : id;
}

export function whatFor(ticket) {
  return serviceName(ticket.service) || queueName(ticket.queue);
}

export function className(words, id) {
  const word = words.wordFor("class", id);
  const described = data.services.classes.find((candidate) => candidate.id === id);
  return word === id && described ? nameOf(described) : word;
}

function ownLine(ticket, words) {
  const { text } = words;
  return [
    whatFor(ticket),
    ticket.class === "normal" ? null : className(words, ticket.class),
    ticket.language === "en" ? text("console.language_en") : null,
    ticket.calls > 1 ? text("console.calls", { n: ticket.calls }) : null,
    ticket.returns ? text("console.returns", { n: ticket.returns }) : null,
    text("console.waited", { time: spanText(ticket.waited_s * 1000) }),
  ].filter(Boolean).join(" · ");
}

function idleLine(desk, text) {
  if (desk.window.status === "open") return text("console.no_ticket_hint");
  return text(desk.window.status === "paused" ? "console.paused_hint" : "console.not_open_hint");
}

function nextLine(desk, text) {
  if (!desk.next) return text("console.next_none");
  const number = text("console.next", { number: desk.next.number });
  return [number, queueName(desk.next.queue), desk.next.why].filter(Boolean).join(" · ");
}

export function showDesk({ desk, words, allowed }) {
  const { text, wordFor } = words;
  const { window, ticket } = desk;
  const reason = window.reason ? ` · ${wordFor("reason", window.reason)}` : "";
  setPill(byId("window-status"), window.status, text(`window_status.${window.status}`) + reason);
  setText(byId("clerk"), text("console.clerk", { name: window.clerk ?? text("console.nobody") }));
  byId("own").dataset.status = ticket?.status ?? "none";
  setText(byId("own-number"), ticket?.number ?? text("console.no_ticket"));
  setHidden(byId("own-status"), !ticket);
  if (ticket) setPill(byId("own-status"), ticket.status, text(`status.${ticket.status}`));
  setText(byId("own-line"), ticket ? ownLine(ticket, words) : idleLine(desk, text));
  setText(byId("next"), nextLine(desk, text));
  for (const button of document.querySelectorAll("[data-action]")) {
    button.disabled = !allowed(button.dataset.action);
  }
}

function secondsUntil(at, clock) {
  return Math.max(0, Math.ceil((Date.parse(at) - clock.now()) / 1000));
}

function showRecall({ desk, words, allowed, clock }) {
  const button = document.querySelector('[data-action="recall"]');
  const label = button.querySelector("[data-label]");
  if (!desk.recall) {
    setText(label, words.text("console.recall"));
    return;
  }
  const after = desk.recall.not_before ? secondsUntil(desk.recall.not_before, clock) : 0;
  const key = after ? "console.recall_after" : "console.recall_left";
  setText(label, words.text(key, { n: after || desk.recall.left }));
  button.disabled = after > 0 || !allowed("recall");
}

function showUndo({ desk, words, allowed, clock }) {
  const button = document.querySelector('[data-action="undo"]');
  const left = desk.undo ? secondsUntil(desk.undo.until, clock) : 0;
  button.disabled = left === 0 || !allowed("undo");
  setText(button.querySelector("[data-label]"), left
    ? words.text("console.undo_left", { number: desk.undo.number, n: left })
    : words.text("console.undo"));
}

// What changes with every second; called twice a second.
export function showTimes(facts) {
  const { desk, words, clock } = facts;
  showRecall(facts);
  showUndo(facts);
  const { ticket } = desk;
  const since = ticket && (ticket.status === "serving" ? ticket.started_at : ticket.called_at);
  const time = since ? spanText(clock.now() - Date.parse(since)) : "";
  const key = ticket?.status === "serving" ? "console.serving_for" : "console.called_for";
  setText(byId("own-time"), since ? words.text(key, { time }) : "");
  for (const cell of document.querySelectorAll("[data-since]")) {
    setText(cell, spanText(clock.now() - Number(cell.dataset.since)));
  }
}
