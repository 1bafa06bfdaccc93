// The window console: keyboard first. Shows the desk as the server tells it and offers exactly
// the actions the server allows.

import { Api, hallPath } from "./api.js";
import { HallClock } from "./clock.js";
import { showCounts, showLists } from "./console_lists.js";
import { showDesk, showTimes } from "./console_desk.js";
import { openDialog, setUpDialogs } from "./console_dialogs.js";
import { byId, setHidden, setPill, setText } from "./dom.js";
import { follow } from "./live.js";
import { csrf, data } from "./page.js";
import { texts } from "./texts.js";

const KEYS = {
  F2: "call-next", F3: "recall", F4: "start", F8: "finish", "Shift+F8": "finish-other",
  F9: "miss", "Ctrl+z": "undo",
};
const WITH_DIALOG = ["transfer", "park", "pause", "call", "finish-other"];
const SENT_AS = { "finish-other": "finish" };
const DEFAULT_BODY = { finish: { outcome: "done" } };

const words = texts(data.texts);
const { text, problem } = words;
const api = new Api({ csrf: csrf(), language: data.language });
const clock = new HallClock();
const path = (...parts) => hallPath(data.hall.id, "windows", data.window.id, ...parts);

let desk = data.desk;
let live = true;
let lastSign = null;
let running = false;
let fetching = false;
let fetchAgain = false;
let snapshot = null;

function allowed(action) {
  return live && !running && desk.actions.includes(SENT_AS[action] ?? action);
}

function show() {
  showDesk({ desk, words, allowed });
  showLists({ desk, words, allowed, run, clock });
  showCounts(desk.counts);
  showTimes({ desk, words, allowed, clock });
}

function tell(sentence, kind) {
  const message = byId("message");
  message.className = `notice notice-${kind}`;
  setText(message, sentence);
}

function signIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

// One question at a time; a change that arrives meanwhile causes exactly one more.
async function fetchDesk() {
  if (fetching) {
    fetchAgain = true;
    return;
  }
  fetching = true;
  try {
    do {
      fetchAgain = false;
      desk = await api.get(path());
      clock.observed(desk.observed_at);
    } while (fetchAgain);
    show();
  } catch (failure) {
    if (failure.status === 401) signIn();
    else if (failure.status !== 0) tell(problem(failure.code, failure.facts), "bad");
  } finally {
    fetching = false;
  }
}

async function run(action, body = DEFAULT_BODY[action]) {
  if (!allowed(action)) {
    refuse(action);
    return;
  }
  running = true;
  show();
  const before = desk.ticket?.number ?? desk.undo?.number ?? "";
  tell(text("console.working"), "good");
  try {
    const sent = SENT_AS[action] ?? action;
    const answer = await api.command("window", "POST", path(sent), body);
    const calling = sent === "call-next" || !before;
    const number = body?.number ?? (calling ? answer.ticket?.number ?? before : before);
    tell(text(`console.done_${sent.replaceAll("-", "_")}`, { number }), "good");
  } catch (failure) {
    tell(problem(failure.code, failure.facts), "bad");
  } finally {
    running = false;
    await fetchDesk();
    show();
  }
}

function refuse(action) {
  if (!live || running) return; // the banner says why
  const name = text(`console.${action.replaceAll("-", "_")}`);
  tell(text("console.not_allowed", { action: name }), "warn");
}

function want(action) {
  if (!WITH_DIALOG.includes(action)) run(action);
  else if (allowed(action)) openDialog(action, { desk, snapshot });
  else refuse(action);
}

document.addEventListener("keydown", (event) => {
  const plain = event.shiftKey ? `Shift+${event.key}` : event.key;
  const key = event.ctrlKey ? `Ctrl+${event.key.toLowerCase()}` : plain;
  const typing = event.target.matches?.("input, select, textarea");
  if (!(key in KEYS) || (typing && key === "Ctrl+z")) return;
  event.preventDefault();
  if (!event.repeat && !document.querySelector("dialog[open]")) want(KEYS[key]);
});
for (const button of document.querySelectorAll("[data-action]")) {
  button.addEventListener("click", () => want(button.dataset.action));
}
setUpDialogs(run);

byId("sign-out").addEventListener("click", async () => {
  try {
    await api.command("sign-out", "DELETE", "/session");
    location.assign("/login");
  } catch (failure) {
    tell(problem(failure.code, failure.facts), "bad");
  }
});

clock.observed(desk.observed_at);
show();
setInterval(() => {
  showTimes({ desk, words, allowed, clock });
  setText(byId("clock"), clock.text());
}, 500);
follow({
  hall: data.hall.id,
  clock,
  onSnapshot: (newest) => {
    snapshot = newest;
    if (newest.seq !== desk.seq) fetchDesk();
  },
  onState: (state) => {
    live = state.live;
    lastSign = clock.text(clock.now() - (performance.now() - state.lastSign));
    setPill(byId("connection"), "", text(live ? "live.live" : "live.reconnecting"));
    byId("connection").dataset.state = live ? "live" : "stale";
    setText(byId("offline"), live ? "" : text("console.offline", { at: lastSign }));
    setHidden(byId("offline"), live);
    if (live) fetchDesk();
    show();
  },
});
