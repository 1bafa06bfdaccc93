// The kiosk's last screen: the number, and what to do when the slip does not come.

import { byId, setHidden, setText } from "./dom.js";
import { nameOf } from "./page.js";
import { SlipWatch } from "./slip.js";
import { headline, shown } from "./waits.js";

const RETURN_AFTER_S = 20;
const RETURN_AFTER_FAILURE_S = 60; // time to take a photograph
const SLIPS = {
  wait: { text: "kiosk.slip_wait", kind: "warn", help: false },
  slow: { text: "kiosk.slip_slow", kind: "warn", help: true },
  ok: { text: "kiosk.slip_ok", kind: "good", help: false },
  failed: { text: "kiosk.slip_failed", kind: "bad", help: true },
};

let watch = null;
let countdown = null;
let left = 0;
let span = RETURN_AFTER_S;
let shownNow = null;

function showSlip(state) {
  const { text, ticket } = shownNow;
  const slip = SLIPS[state];
  byId("slip").className = `notice notice-${slip.kind} kiosk-slip`;
  setText(byId("slip"), text(slip.text));
  document.querySelector(".kiosk").dataset.slip = state;
  setHidden(byId("slip-hint"), state !== "failed");
  setHidden(byId("again"), state !== "failed");
  const picture = slip.help && ticket.token ? `/t/${encodeURIComponent(ticket.token)}/qr.svg` : "";
  if (picture) byId("qr-picture").src = picture;
  setHidden(byId("qr"), !picture);
  if (slip.help) extend(RETURN_AFTER_FAILURE_S);
}

function extend(seconds = span) {
  span = seconds;
  left = seconds;
  tell();
}

function tell() {
  setText(byId("returning"), shownNow.text("kiosk.returning", { n: left }));
}

function tick() {
  left -= 1;
  if (left <= 0) shownNow.onEnd();
  else tell();
}

function follow() {
  watch?.stop();
  const { api, ticket } = shownNow;
  if (!ticket.token) {
    showSlip("failed");
    return;
  }
  const path = `/tickets/${encodeURIComponent(ticket.token)}/slip`;
  watch = new SlipWatch({ ask: () => api.get(path), onChange: showSlip }).start();
}

async function printAgain() {
  const { api, ticket } = shownNow;
  byId("again").disabled = true;
  extend();
  try {
    await api.command("slip", "POST", `/tickets/${encodeURIComponent(ticket.token)}/slip`);
    showSlip("wait");
    follow();
  } catch {
    showSlip("failed");
  } finally {
    byId("again").disabled = false;
  }
}

export function showResult({ ticket, snapshot, service, api, text, onEnd }) {
  shownNow = { ticket, api, text, onEnd };
  setText(byId("number"), ticket.number);
  setText(byId("result-queue"), nameOf(service));
  setText(byId("ahead"), text("kiosk.ahead", { n: ticket.ahead ?? 0 }));
  setText(byId("expected"), headline(text, shown(ticket.wait, ticket.ahead)));
  const windows = snapshot.windows
    .filter((window) => window.status === "open" && window.queues.includes(ticket.queue))
    .map(nameOf);
  setText(byId("result-windows"), text("kiosk.windows", { names: windows.join("、") }));
  setHidden(byId("result-windows"), windows.length === 0);
  extend(RETURN_AFTER_S);
  clearInterval(countdown);
  countdown = setInterval(tick, 1000);
  showSlip("wait");
  follow();
}

export function hideResult() {
  watch?.stop();
  clearInterval(countdown);
  countdown = null;
}

for (const event of ["pointerdown", "keydown"]) {
  document.addEventListener(event, () => countdown !== null && extend());
}
byId("done").addEventListener("click", () => shownNow?.onEnd());
byId("again").addEventListener("click", printAgain);
