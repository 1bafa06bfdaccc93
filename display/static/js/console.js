// The window console: keyboard first. Shows the desk as the server tells it and offers exactly
// the actions the server allows.

import { finished, openCaller } from "./console_caller.js";
import { Dialog, hasDialog } from "./console_dialogs.js";
import { listen } from "./console_keys.js";
import { api, lastSignAt, linked, signIn } from "./console_link.js";
import { showAlarms, showFigures, showLists } from "./console_lists.js";
import { ring, setSound, soundOn, worthATone } from "./console_sound.js";
import { sentAs, showDesk, showTimes } from "./console_view.js";
import { actionName, reasonText, spoken, words } from "./console_words.js";
import { byId, setHidden, setText } from "./dom.js";

const TICK_MS = 500;
const { text, problem } = words;
const { session, clock, start } = linked();
const dialog = new Dialog((action, body) => run(action, body));
let lastSign = null;

function show() {
  showConnection();
  showDesk(session);
  showLists({ session, run, clock });
  showFigures(session.desk);
  showAlarms(session.desk);
  showTimes(session, clock, lastSign);
}

function say({ sentence, kind }) {
  const message = byId("message");
  message.dataset.kind = kind;
  setText(message, sentence);
}

function refuse(action) {
  const reason = session.whyNot(sentAs(action, session.desk));
  const facts = { action: actionName(action), why: reasonText(reason) };
  say({ sentence: text("console.not_possible", facts), kind: "bad" });
}

function run(action, body) {
  return session.run(sentAs(action, session.desk), body);
}

// A press of a key or button: at once, or through a dialog, or not, and then why.
function want(action) {
  if (dialog.isOpen) return;
  const { desk } = session;
  const sent = sentAs(action, desk);
  if (session.whyNot(sent)) refuse(action);
  else if (sent === "open" && session.taken) dialog.open("take-over", session);
  else if (action === "service" && sent === "pause") dialog.open("pause", session);
  else if (hasDialog(action)) dialog.open(action, session);
  else run(action, sent === "finish" ? finished() : undefined);
}

// An unanswered command is a sign of its own, long before the stream counts as broken.
function showConnection() {
  const live = session.live && !session.unanswered;
  setText(byId("connection"), text(live ? "live.live" : "live.reconnecting"));
  byId("connection").dataset.state = live ? "live" : "stale";
}

// Somebody else sits here: said once, in the way, until he does not any more.
function showTaken() {
  setHidden(byId("taken"), !session.taken);
  if (!session.taken) return;
  const { clerk, since } = session.desk.window;
  const facts = { clerk, at: (since ?? "").slice(11, 16) };
  setText(byId("taken-text"), text("console.taken", facts));
}

session.on((what, facts) => {
  const said = spoken(what, facts);
  if (said) say(said);
  if (what === "signed-out") signIn();
  if (what === "refused" && facts.code === "window_taken") dialog.open("take-over", session);
  if (what === "relieved") {
    dialog.close();
    byId("message").textContent = "";
  }
  if (what === "desk") {
    showTaken();
    if (soundOn() && worthATone(facts.before, session.desk)) ring();
  }
  if (what === "state") lastSign = session.live ? null : lastSignAt(session, clock);
  show();
});

for (const button of document.querySelectorAll("[data-action]")) {
  button.addEventListener("click", () => want(button.dataset.action));
}
listen(document, want);

byId("small").addEventListener("click", () => openCaller(session, clock));

function showSound() {
  byId("sound").setAttribute("aria-pressed", String(soundOn()));
}
byId("sound").addEventListener("click", () => {
  setSound(!soundOn());
  showSound();
});

byId("sign-out").addEventListener("click", async () => {
  try {
    await api.command("sign-out", "DELETE", "/session");
    location.assign("/login");
  } catch (failure) {
    say({ sentence: problem(failure.code, failure.facts), kind: "bad" });
  }
});

showSound();
showTaken();
show();
start();
setInterval(() => {
  showTimes(session, clock, lastSign);
  session.lookAgain();
}, TICK_MS);
