// Who waits, who is parked, who was missed, and today's counts.

import { className, whatFor } from "./console_desk.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";

function cell(content, attributes = {}) {
  return make("td", attributes, content);
}

function timeCell(at) {
  return cell((at ?? "").slice(11, 16));
}

function actionCell(action, key, number, facts) {
  const label = facts.words.text(key);
  const button = make("button", {
    type: "button",
    class: "small",
    "aria-label": `${label} ${number}`,
    disabled: !facts.allowed(action),
    on: { click: () => facts.run(action, { number }) },
  }, label);
  return cell(button);
}

function waitingRow(ticket, facts) {
  const { words, clock } = facts;
  // The server tells how long; counting from there keeps a returned ticket's own start.
  const since = clock.now() - ticket.waited_s * 1000;
  return make("tr", { data: { class: ticket.class } },
    make("th", { scope: "row", class: "number" }, ticket.number),
    cell(whatFor(ticket)),
    cell(className(words, ticket.class)),
    cell("", { data: { since: Math.round(since) } }),
    actionCell("call", "console.call_this", ticket.number, facts));
}

function parkedRow(ticket, facts) {
  const { words } = facts;
  return make("tr", {},
    make("th", { scope: "row", class: "number" }, ticket.number),
    cell(words.wordFor("reason", ticket.reason)),
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
  const { desk, words } = facts;
  for (const [name, row] of Object.entries(ROWS)) {
    const tickets = desk[name];
    const count = name === "waiting" ? desk.waiting_count : tickets.length;
    setText(byId(`${name}-count`), count);
    const steady = tickets.map(({ waited_s: _, ...rest }) => rest);
    const signature = JSON.stringify([steady, facts.allowed(ACTIONS[name])]);
    refill(byId(name), signature, () => tickets.length
      ? tickets.map((ticket) => row(ticket, facts))
      : [emptyRow(words.text("console.empty"), COLUMNS[name])]);
  }
  const unlisted = desk.waiting_count - desk.waiting.length;
  setHidden(byId("more"), unlisted <= 0);
  setText(byId("more"), words.text("console.more", { n: unlisted }));
}

export function showCounts(counts) {
  for (const element of document.querySelectorAll("[data-count]")) {
    setText(element, counts[element.dataset.count] ?? 0);
  }
}
