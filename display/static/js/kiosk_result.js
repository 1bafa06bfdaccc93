// The last screen: the number, where it stands, and what to do when the slip does not come.

import { byId, make, setHidden, setText } from "./dom.js";
import { finish, goOnly, linger, onHome } from "./kiosk_screens.js";
import {
  clock, languages, listed, nameOf, onChange, problemText, serviceOf, state, text,
} from "./kiosk_state.js";
import { aloud, spelled } from "./kiosk_speech.js";
import { SlipWatch } from "./slip.js";
import { headline, shown } from "./waits.js";

const HELP_S = 60; // time to take a photograph of the number and its code
const WINDOWS_MAX = 4; // more names than that are read by nobody

const SLIPS = {
  none: { text: "", kind: "", help: false },
  wait: { text: "kiosk.slip_wait", kind: "", help: false },
  slow: { text: "kiosk.slip_slow", kind: "warn", help: true },
  ok: { text: "kiosk.slip_ok", kind: "good", help: false },
  failed: { text: "kiosk.slip_failed", kind: "bad", help: true },
};

// Why there is no slip, as far as it helps a visitor to know; else it is simply not there.
const TOLD_REASONS = new Set(["paper_out", "cover_open", "offline", "unplugged", "cutter_jam"]);

let now = null; // {ticket, title, slip, reason}
let watch = null;
let api = null;

function statusLine(ticket) {
  if (ticket.status === "waiting") return "";
  const window = state.snapshot.windows.find((each) => each.id === ticket.window);
  return text(`kiosk.is_${ticket.status}`, { window: window ? nameOf(window) : "" });
}

function whereLines(ticket) {
  const queue = state.services.queues.find((each) => each.id === ticket.queue);
  const zones = (state.services.zones ?? []).filter((zone) => queue?.zones?.includes(zone.id));
  const windows = state.snapshot.windows
    .filter((each) => each.status === "open" && each.queues.includes(ticket.queue))
    .map(nameOf);
  const some = windows.slice(0, WINDOWS_MAX);
  const all = windows.length === some.length;
  const names = all ? listed(some) : text("kiosk.and_more", { names: listed(some) });
  return [
    zones.length ? text("kiosk.zones", { names: listed(zones.map(nameOf)) }) : "",
    windows.length ? text("kiosk.windows", { names }) : "",
    text("kiosk.place"),
  ].filter(Boolean);
}

function before(wait) {
  const at = clock.now();
  if (wait.minutes === null || at === null) return "";
  return text("kiosk.before", { at: clock.text(at + wait.minutes * 60000, 5) });
}

function drawExpected(ticket) {
  // Nobody is called before his appointment, however short the line.
  const early = ticket.slot && Date.parse(ticket.slot) > (clock.now() ?? Infinity);
  const wait = shown(ticket.wait, ticket.ahead);
  const at = early ? text("kiosk.from_slot", { at: ticket.slot.slice(11, 16) }) : "";
  setText(byId("expected"), at || headline(text, wait));
  setText(byId("expected-at"), at ? "" : before(wait));
}

function draw() {
  if (!now) return;
  const { ticket, title, slip } = now;
  const service = serviceOf(ticket.service);
  setText(byId("result-title"), text(title));
  setText(byId("number"), ticket.number);
  setText(byId("result-queue"), service ? nameOf(service) : "");
  setText(byId("result-slot"),
    ticket.slot ? text("kiosk.slot", { at: ticket.slot.slice(11, 16) }) : "");
  const status = statusLine(ticket);
  setText(byId("result-status"), status);
  setHidden(byId("result-status"), !status);
  const waiting = ticket.status === "waiting";
  setHidden(byId("result-facts"), !waiting);
  setHidden(byId("where"), !waiting);
  setText(byId("ahead"), text("kiosk.people", { n: ticket.ahead ?? 0 }));
  drawExpected(ticket);
  byId("where").replaceChildren(...whereLines(ticket).map((line) => make("li", {}, line)));
  const bring = waiting && service ? service.materials : [];
  setText(byId("bring"), bring.length ? text("kiosk.bring", { names: listed(bring) }) : "");
  drawSlip(SLIPS[slip]);
}

function drawSlip(slip) {
  const { ticket, reason } = now;
  byId("kiosk").dataset.slip = now.slip;
  const why = slip === SLIPS.failed && TOLD_REASONS.has(reason) ? `kiosk.slip_${reason}` : "";
  setText(byId("slip-why"), why ? text(why) : "");
  byId("slip").className = `notice notice-${slip.kind} slip-words`;
  setText(byId("slip"), slip.text ? text(slip.text) : "");
  setHidden(byId("slip-box"), !slip.text);
  setHidden(byId("slip-hint"), slip !== SLIPS.failed);
  setHidden(byId("again"), slip !== SLIPS.failed && slip !== SLIPS.none);
  setText(byId("again"), text(slip === SLIPS.none ? "kiosk.reprint" : "kiosk.slip_again"));
}

function setSlip(slip, reason = null) {
  Object.assign(now, { slip, reason });
  if (SLIPS[slip].help) linger(HELP_S);
  if (slip === "failed") aloud(spoken(spelled));
  draw();
}

function follow() {
  watch?.stop();
  const path = `/tickets/${encodeURIComponent(now.ticket.token)}/slip`;
  let reason = null;
  const ask = async () => {
    const told = await api.get(path);
    reason = told?.reason ?? null;
    return told;
  };
  watch = new SlipWatch({ ask, onChange: (slip) => setSlip(slip, reason) }).start();
}

async function printAgain() {
  const path = `/tickets/${encodeURIComponent(now.ticket.token)}/slip`;
  const button = byId("again");
  button.disabled = true;
  try {
    await api.command("slip", "POST", path);
    setSlip("wait");
    follow();
  } catch (failure) {
    setSlip("failed");
    setText(byId("slip-why"), problemText(failure.code, failure.facts));
  } finally {
    button.disabled = false;
  }
}

// Show `ticket` under a title (a catalogue key); with `printing`, follow its slip.
export function showTicket(ticket, { title = "kiosk.your_number", printing = true } = {}) {
  now = { ticket, title, slip: printing ? "wait" : "none", reason: null };
  byId("qr-picture").src = `/t/${encodeURIComponent(ticket.token)}/qr.svg`;
  draw();
  goOnly("result");
  if (printing) follow();
}

// What the elder mode says on this screen.
export function spoken(spell) {
  if (!now) return "";
  const { ticket } = now;
  if (ticket.status !== "waiting") return statusLine(ticket);
  const facts = { number: spell(ticket.number), n: ticket.ahead ?? 0 };
  if (now.slip === "failed") return text("kiosk.say_failed", facts);
  return text(facts.n > 0 ? "kiosk.say_result" : "kiosk.say_result_first", facts);
}

export function start(its) {
  api = its;
  byId("done").addEventListener("click", finish);
  byId("again").addEventListener("click", printAgain);
  let language = languages[0];
  onChange(() => {
    if (state.language !== language) draw();
    language = state.language;
  });
  onHome(() => {
    watch?.stop();
    now = null;
    byId("qr-picture").removeAttribute("src");
    delete byId("kiosk").dataset.slip;
  });
}
