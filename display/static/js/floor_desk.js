// The dialog of one window: who sits there, pause and close, and which queues it serves today.

import { byId, make, refill, setHidden, setText } from "./dom.js";
import { clerkText, stateText } from "./floor_lists.js";
import { data, nameOf } from "./page.js";

const ROLES = ["own", "help", "none"];
const SHOWN_FOR = { seat: "closed", resume: "paused", pause: "open", close: "" };

let current = null;

function windowOf({ floor }) {
  return floor.windows.find((window) => window.id === current);
}

function roleOf(window, queue) {
  if (window.queues.includes(queue.id)) return "own";
  return window.overflow.includes(queue.id) ? "help" : "none";
}

function roleRow(queue, role, { text }) {
  return make("div", { class: "role", role: "radiogroup", "aria-label": nameOf(queue) },
    make("span", {}, `${queue.letter} ${nameOf(queue)}`),
    ...ROLES.map((each) => make("label", {},
      make("input", { type: "radio", name: queue.id, value: each, checked: each === role }),
      ` ${text(`floor.role_${each}`)}`)));
}

function chosen(role) {
  const form = new FormData(byId("desk-queues"));
  return data.services.queues.map((queue) => queue.id).filter((id) => form.get(id) === role);
}

// Names of queues that would be left without an open window.
function uncovered(facts) {
  const window = windowOf(facts);
  if (window.status !== "open") return [];
  const own = chosen("own");
  const others = facts.floor.windows.filter((one) => one.id !== current && one.status === "open");
  return window.queues
    .filter((id) => !own.includes(id) && !others.some((one) => one.queues.includes(id)))
    .map((id) => nameOf(facts.floor.queues.find((queue) => queue.id === id)));
}

function warn(facts) {
  const names = uncovered(facts);
  const all = names.join(data.language === "zh" ? "、" : ", ");
  setText(byId("desk-warning"), facts.words.text("floor.uncovered", { names: all }));
  setHidden(byId("desk-warning"), names.length === 0);
}

export function showDesk(facts) {
  const window = current === null ? null : windowOf(facts);
  if (!window) return;
  const { words } = facts;
  setText(byId("desk-title"), nameOf(window));
  const parts = [clerkText(window, words), stateText(window, words),
    words.text("floor.served", { n: window.counts.served }),
    words.text("floor.missed", { n: window.counts.missed })];
  setText(byId("desk-state"), parts.join(" · "));
  for (const [name, status] of Object.entries(SHOWN_FOR)) {
    const usable = facts.live && facts.floor.open &&
      (status ? window.status === status : window.status !== "closed");
    setHidden(document.querySelector(`[data-desk="${name}"]`), !usable);
  }
  setHidden(byId("desk-reset"), !window.assigned);
  byId("desk-console").href =
    `/h/${encodeURIComponent(data.hall.id)}/windows/${encodeURIComponent(window.id)}`;
  const print = JSON.stringify([window.id, window.queues, window.overflow]);
  const rows = () => facts.floor.queues.map(
    (queue) => roleRow(queue, roleOf(window, queue), words));
  if (refill(byId("desk-roles"), print, rows)) warn(facts);
}

// Returns what opens the dialog of a window by its id. `facts()` is the floor as of now.
export function setUpDesk(facts) {
  const dialog = byId("desk");
  const run = async (action, body) => {
    if (await facts().run(current, action, body)) dialog.close();
  };
  const form = (name) => document.querySelector(`form[data-desk="${name}"]`);
  form("seat").addEventListener("submit", (event) => {
    event.preventDefault();
    const clerk = new FormData(event.target).get("clerk").trim();
    run("seat", clerk ? { clerk } : {});
  });
  form("pause").addEventListener("submit", (event) => {
    event.preventDefault();
    run("pause", { reason: new FormData(event.target).get("reason") });
  });
  document.querySelector('[data-desk="resume"]').addEventListener("click", () => run("seat", {}));
  document.querySelector('[data-desk="close"]').addEventListener("click", () => run("close", {}));
  byId("desk-queues").addEventListener("change", () => warn(facts()));
  byId("desk-queues").addEventListener("submit", (event) => {
    event.preventDefault();
    const queues = chosen("own");
    if (queues.length) run("assign", { queues, overflow: chosen("help") });
    else {
      setText(byId("desk-warning"), facts().words.text("floor.need_own"));
      setHidden(byId("desk-warning"), false);
    }
  });
  byId("desk-reset").addEventListener("click", () => run("assign", { queues: null }));
  byId("desk-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    current = null;
  });
  return (window) => {
    current = window;
    form("seat").reset();
    delete byId("desk-roles").dataset.signature;
    showDesk(facts());
    dialog.showModal();
  };
}
