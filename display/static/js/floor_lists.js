// Windows as cards, queues as rows, alarms as a list.

import { spanText } from "./clock.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";
import { nameOf } from "./page.js";
import { headline, shown } from "./waits.js";

export function minutes(seconds) {
  return Math.round(seconds / 60);
}

// "正在办理", "空闲", "暂停服务：午餐" …
export function stateText(window, { text, wordFor }) {
  if (window.status === "paused" && window.reason) {
    return `${text("window_status.paused")} · ${wordFor("reason", window.reason)}`;
  }
  if (window.status !== "open") return text(`window_status.${window.status}`);
  return window.state ? text(`status.${window.state}`) : text("floor.free");
}

export function clerkText(window, { text }) {
  if (!window.clerk) return text("floor.no_clerk");
  if (!window.clerk_since) return window.clerk;
  return text("floor.clerk_since", { name: window.clerk, at: window.clerk_since.slice(11, 16) });
}

function card(window, { words, open }) {
  const { text } = words;
  const since = window.since ? Date.parse(window.since) : null;
  const state = stateText(window, words);
  return make("li", {},
    make("button", {
      type: "button",
      class: "desk-card",
      data: { status: window.status, state: window.state ?? "", window: window.id },
      on: { click: () => open(window.id) },
      title: text("floor.manage", { name: nameOf(window) }),
    },
    make("span", { class: "desk-top" },
      make("b", {}, nameOf(window)),
      window.assigned ? make("span", { class: "tag" }, text("floor.assigned")) : null),
    make("span", { class: "desk-number" },
      window.number
        ? make("span", { class: "plate number", data: { state: window.state } }, window.number)
        : make("span", { class: "pill", data: { status: window.status } }, state),
      window.number ? make("span", { class: "unseen" }, state) : null,
      since === null ? null
        : make("span", { class: "desk-time", data: { since, usual: window.usual_s ?? "" } })),
    make("span", { class: "desk-line clamp" }, clerkText(window, words)),
    make("span", { class: "desk-line muted" }, window.status === "closed"
      ? "" : text("floor.can_call", { n: window.waiting }))));
}

export function showWindows(facts) {
  const { floor } = facts;
  const list = byId("windows");
  const focused = document.activeElement?.dataset?.window;
  const print = JSON.stringify(floor.windows);
  if (refill(list, print, () => floor.windows.map((window) => card(window, facts))) && focused) {
    list.querySelector(`[data-window="${CSS.escape(focused)}"]`)?.focus();
  }
  list.dataset.many = floor.windows.length > 20 ? "yes" : "no";
}

function queueRow(queue, { words }) {
  const { text } = words;
  const wait = shown(queue.status === "open" ? queue.wait : null, queue.waiting);
  const expected = queue.waiting && wait.kind !== "unknown" ? headline(text, wait)
    : text(queue.status === "open" ? "wait.unknown" : `queue_status.${queue.status}`);
  const uncovered = queue.waiting > 0 && queue.windows === 0;
  return make("tr", { class: queue.long || uncovered ? "late" : null },
    make("th", { scope: "row" }, `${queue.letter} ${nameOf(queue)}`),
    make("td", { class: "figure" }, queue.waiting),
    make("td", {}, queue.longest_s === null ? text("floor.nobody")
      : make("span", {},
          make("span", { data: { waited: queue.longest_s } }), ` ${queue.longest_number}`)),
    make("td", {}, queue.waiting === 0 && queue.status === "open"
      ? text("wait.queue_next") : expected),
    make("td", {}, queue.windows === 0 ? text("floor.no_window") : queue.windows));
}

export function showQueues(facts) {
  const { floor } = facts;
  refill(byId("queues"), JSON.stringify(floor.queues),
    () => floor.queues.map((queue) => queueRow(queue, facts)));
  byId("queues").dataset.at = floor.observed_at;
}

function alarmRow(alarm, { words, live }, acknowledge) {
  const { text } = words;
  const at = alarm.at.slice(11, 16);
  const name = alarm.acknowledged_by?.split(":").slice(1).join(":") ?? "";
  return make("li", { class: alarm.acknowledged_by ? "alarm seen" : "alarm" },
    make("p", {}, make("b", {}, at), " ", alarm.text,
      alarm.times > 1 ? ` ${text("floor.times", { n: alarm.times })}` : ""),
    alarm.acknowledged_by
      ? make("p", { class: "muted" }, text("floor.acknowledged", {
          name, at: alarm.acknowledged_at.slice(11, 16) }))
      : make("button", {
          type: "button", class: "button button-desk", disabled: !live,
          on: { click: () => acknowledge(alarm.id) },
        }, text("floor.acknowledge")));
}

export function showAlarms(facts, acknowledge) {
  const { alarms } = facts.floor;
  const print = JSON.stringify([alarms, facts.live]);
  refill(byId("alarms"), print, () => alarms.length
    ? alarms.map((alarm) => alarmRow(alarm, facts, acknowledge))
    : [make("li", { class: "muted" }, facts.words.text("floor.no_alarms"))]);
  const open = alarms.filter((alarm) => !alarm.acknowledged_by).length;
  setText(byId("alarms-count"), open || "");
  setHidden(byId("alarms-count"), open === 0);
}

// What changes with every second.
export function showTimes({ words, clock }) {
  const now = clock.now();
  for (const each of document.querySelectorAll("[data-since]")) {
    const spent = now - Number(each.dataset.since);
    const usual = Number(each.dataset.usual) * 1000;
    each.classList.toggle("over", usual > 0 && spent > usual);
    setText(each, spanText(spent));
    if (usual) {
      const key = spent > usual ? "floor.over" : "floor.within";
      each.title = words.text(key, { minutes: minutes(usual / 1000) });
    }
  }
  const observed = Date.parse(byId("queues").dataset.at);
  for (const each of document.querySelectorAll("[data-waited]")) {
    setText(each, spanText(Number(each.dataset.waited) * 1000 + now - observed));
  }
}
