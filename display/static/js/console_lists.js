// Who waits, who is parked, who was missed; today's figures; what a clerk should know now.

import { spanText } from "./clock.js";
import { className, reasonText, whatFor, words } from "./console_words.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";

const { text, wordFor } = words;

function cell(content, attributes = {}) {
  return make("td", attributes, content);
}

function timeCell(at) {
  return cell((at ?? "").slice(11, 16));
}

function actionCell(action, key, number, facts) {
  const label = text(key);
  const button = make("button", {
    type: "button",
    class: "button small",
    "aria-label": `${label} ${number}`,
    on: { click: () => facts.run(action, { number }) },
  }, label);
  return cell(button, { class: "act" });
}

function waitingRow(ticket, facts) {
  // The server tells how long; counting from there keeps a returned ticket's own start.
  const since = Math.round(facts.clock.now() - ticket.waited_s * 1000);
  const next = ticket.number === facts.session.desk.next?.number;
  const special = ticket.class !== "normal";
  const data = { class: ticket.class, next: String(next), long: String(ticket.long ?? false) };
  return make("tr", { data },
    make("th", { scope: "row", class: "number" }, ticket.number),
    cell(whatFor(ticket), { class: "what" }),
    cell(ticket.here === false ? make("span", { class: "tag" }, text("console.not_here"))
      : special ? make("span", { class: "tag" }, className(ticket.class)) : ""),
    cell("", { class: "figure", data: { since } }),
    actionCell("call", "console.call_this", ticket.number, facts));
}

function parkedRow(ticket, facts) {
  return make("tr", {},
    make("th", { scope: "row", class: "number" }, ticket.number),
    cell(wordFor("reason", ticket.reason), { class: "what" }),
    timeCell(ticket.parked_at),
    actionCell("unpark", "console.unpark", ticket.number, facts));
}

function missedRow(ticket, facts) {
  return make("tr", {},
    make("th", { scope: "row", class: "number" }, ticket.number),
    timeCell(ticket.missed_at),
    actionCell("unpark", "console.unpark", ticket.number, facts));
}

function emptyRow(sentence, columns) {
  return make("tr", {}, cell(sentence, { colspan: columns, class: "muted" }));
}

const ROWS = { waiting: waitingRow, parked: parkedRow, missed: missedRow };
const COLUMNS = { waiting: 5, parked: 4, missed: 3 };
const ACTIONS = { waiting: "call", parked: "unpark", missed: "unpark" };

// The rows of each list by number. A row that says the same stays the same element: the focus on
// its button survives other people's work, and 200 waiting cost no more than what has changed.
const shown = { waiting: new Map(), parked: new Map(), missed: new Map() };

function showRows(name, tickets, facts) {
  const body = byId(name);
  const { session } = facts;
  const rows = new Map();
  for (const ticket of tickets) {
    const { waited_s: _, ...steady } = ticket;
    const next = ticket.number === session.desk.next?.number;
    const says = JSON.stringify([steady, next]);
    const old = shown[name].get(ticket.number);
    rows.set(ticket.number, old?.says === says ? old : { says, row: ROWS[name](ticket, facts) });
  }
  const wanted = tickets.length ? [...rows.values()].map(({ row }) => row)
    : [emptyRow(text(`console.empty_${name}`), COLUMNS[name])];
  const keep = new Set(wanted);
  for (const row of [...body.children]) if (!keep.has(row)) row.remove();
  wanted.forEach((row, place) => {
    if (body.children[place] !== row) body.insertBefore(row, body.children[place] ?? null);
  });
  shown[name] = rows;
  if (!session.pending) showPossible(body, session.whyNot(ACTIONS[name])); // not for that moment
}

function showPossible(body, reason) {
  const off = String(Boolean(reason));
  for (const button of body.querySelectorAll(`button:not([aria-disabled="${off}"])`)) {
    button.setAttribute("aria-disabled", off);
    button.title = reason ? reasonText(reason) : "";
  }
}

export function showLists(facts) {
  const { session } = facts;
  const { desk } = session;
  for (const name of Object.keys(ROWS)) {
    const tickets = desk[name];
    const count = name === "waiting" ? desk.waiting_count : tickets.length;
    setText(byId(`${name}-count`), count);
    showRows(name, tickets, facts);
  }
  const unlisted = desk.waiting_count - desk.waiting.length;
  setHidden(byId("more"), unlisted <= 0);
  setText(byId("more"), text("console.more", { n: unlisted }));
}

// The clerk's own day, at whichever windows.
export function showFigures({ mine }) {
  const { counts } = mine;
  for (const element of document.querySelectorAll("[data-count]")) {
    setText(element, counts[element.dataset.count] ?? 0);
  }
  const average = counts.service_s;
  setText(byId("average"), average === null ? "–" : spanText(average * 1000));
}

function alarmText({ code, number, count, waited_s }) {
  const minutes = Math.floor((waited_s ?? 0) / 60);
  return text(`console.alarm_${code}`, { number, n: count, minutes });
}

export function showAlarms({ alarms }) {
  const sentences = alarms.map((alarm) => [alarm.code, alarmText(alarm)]);
  refill(byId("alarms"), JSON.stringify(sentences), () => sentences.map(([code, sentence]) =>
    make("li", { class: "notice notice-warn", data: { code } }, sentence)));
  setHidden(byId("alarms"), sentences.length === 0);
}
