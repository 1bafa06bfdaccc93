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
  const reason = facts.session.whyNot(action);
  const button = make("button", {
    type: "button",
    class: "button small",
    "aria-label": `${label} ${number}`,
    "aria-disabled": String(Boolean(reason)),
    title: reason ? reasonText(reason) : null,
    on: { click: () => facts.run(action, { number }) },
  }, label);
  return cell(button, { class: "act" });
}

function waitingRow(ticket, facts) {
  // The server tells how long; counting from there keeps a returned ticket's own start.
  const since = Math.round(facts.clock.now() - ticket.waited_s * 1000);
  const next = ticket.number === facts.session.desk.next?.number;
  const special = ticket.class !== "normal";
  return make("tr", { data: { class: ticket.class, next: String(next) } },
    make("th", { scope: "row", class: "number" }, ticket.number),
    cell(whatFor(ticket), { class: "what" }),
    cell(special ? make("span", { class: "tag" }, className(ticket.class)) : ""),
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

export function showLists(facts) {
  const { session } = facts;
  const { desk } = session;
  for (const [name, row] of Object.entries(ROWS)) {
    const tickets = desk[name];
    const count = name === "waiting" ? desk.waiting_count : tickets.length;
    setText(byId(`${name}-count`), count);
    const steady = tickets.map(({ waited_s: _, ...rest }) => rest);
    const reason = session.whyNot(ACTIONS[name]);
    refill(byId(name), JSON.stringify([steady, reason, desk.next?.number]), () => tickets.length
      ? tickets.map((ticket) => row(ticket, facts))
      : [emptyRow(text(`console.empty_${name}`), COLUMNS[name])]);
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
