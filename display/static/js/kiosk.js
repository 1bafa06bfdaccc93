// The kiosk: choose a service, confirm, get a number. Never shows a number the hall did not give.

import { Api, hallPath } from "./api.js";
import { HallClock } from "./clock.js";
import { byId, make, setHidden, setText } from "./dom.js";
import { hideResult, showResult } from "./kiosk_result.js";
import { follow } from "./live.js";
import { csrf, data, nameOf } from "./page.js";
import { texts } from "./texts.js";
import { queueHeadline } from "./waits.js";

const IDLE_MS = 60000; // a visitor who walked away leaves the first screen to the next
const RETRY_AFTER_MS = 2000;
const RETRIES_MAX = 15;
const STEPS = ["choose", "confirm", "result"];

const { text, problem } = texts(data.texts);
const api = new Api({ csrf: csrf(), language: data.language });
const clock = new HallClock();
let snapshot = data.snapshot;
let live = true;
let chosen = null;
let busy = false;
let idle = null;

function queueOf(service) {
  return snapshot.queues.find((queue) => queue.id === service.queue);
}

function loadText(queue) {
  if (!queue) return "";
  if (queue.status === "closed" || queue.waiting === 0) return queueHeadline(text, queue);
  const waiting = text("kiosk.waiting", { n: queue.waiting });
  const more = queue.wait || queue.status === "paused";
  return more ? `${waiting} · ${queueHeadline(text, queue)}` : waiting;
}

// "paused" means that no window is open yet: numbers are given out all the same.
function available(service) {
  return live && snapshot.open && (queueOf(service)?.status ?? "open") !== "closed";
}

function showState() {
  const notice = live ? (snapshot.open ? "" : text("kiosk.closed")) : text("kiosk.reconnecting");
  setText(byId("notice"), notice);
  setHidden(byId("notice"), !notice);
  for (const section of document.querySelectorAll("[data-queue]")) {
    const queue = snapshot.queues.find((candidate) => candidate.id === section.dataset.queue);
    setText(section.querySelector('[data-field="load"]'), loadText(queue));
  }
  for (const service of data.services.services) {
    const button = document.querySelector(`[data-service="${CSS.escape(service.id)}"]`);
    if (button) button.disabled = !available(service);
  }
  if (chosen) setText(byId("confirm-load"), loadText(queueOf(chosen)));
  byId("take").disabled = busy || !chosen || !available(chosen);
  byId("back").disabled = busy;
  document.querySelector(".language").toggleAttribute("inert", !live || busy);
}

function step(name) {
  document.querySelector(".kiosk").dataset.step = name;
  for (const each of STEPS) setHidden(byId(each), each !== name);
  window.scrollTo(0, 0);
  if (name !== "choose") byId(`${name}-title`).focus();
  touched();
}

function choose(service) {
  chosen = service;
  setText(byId("confirm-title"), nameOf(service));
  const materials = service.materials.length ? service.materials : [text("kiosk.no_materials")];
  byId("materials").replaceChildren(...materials.map((each) => make("li", {}, each)));
  setText(byId("minutes"), service.minutes ? text("kiosk.minutes", { n: service.minutes }) : "");
  setText(byId("message"), "");
  const normal = document.querySelector('input[name="class"][value="normal"]');
  if (normal) normal.checked = true;
  step("confirm");
  showState();
}

function toStart() {
  api.forget("take"); // whoever comes next wants a number of his own
  hideResult();
  chosen = null;
  step("choose");
  showState();
}

function touched() {
  clearTimeout(idle);
  const confirming = document.querySelector(".kiosk").dataset.step === "confirm";
  if (confirming && !busy) idle = setTimeout(toStart, IDLE_MS);
}

function order() {
  const picked = document.querySelector('input[name="class"]:checked')?.value ?? "normal";
  return { service: chosen.id, class: picked, language: data.language };
}

// One ticket for one wish: the key stays the same until the hall has answered.
async function issue(body) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const path = hallPath(data.hall.id, "tickets");
      return (await api.command("take", "POST", path, body)).ticket;
    } catch (failure) {
      if (!failure.uncertain || attempt >= RETRIES_MAX) throw failure;
      setText(byId("message"), text("kiosk.unanswered"));
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    }
  }
}

// Nobody is signed in here any more: the staff must see that before the next visitor does.
function signIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

async function take() {
  if (busy || !chosen) return;
  busy = true;
  touched();
  setText(byId("message"), text("kiosk.taking"));
  showState();
  try {
    const ticket = await issue(order());
    showResult({ ticket, snapshot, service: chosen, api, text, onEnd: toStart });
    step("result");
  } catch (failure) {
    if (failure.status === 401) signIn();
    const reason = problem(failure.code, failure.facts);
    setText(byId("message"), `${text("kiosk.failed")} · ${reason}`);
  } finally {
    busy = false;
    touched();
    showState();
  }
}

for (const service of data.services.services) {
  const button = document.querySelector(`[data-service="${CSS.escape(service.id)}"]`);
  button?.addEventListener("click", () => choose(service));
}
byId("take").addEventListener("click", take);
byId("back").addEventListener("click", toStart);
for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, touched);
setInterval(() => setText(byId("clock"), clock.text(clock.now(), 5)), 1000);
follow({
  hall: data.hall.id,
  initial: snapshot,
  clock,
  onSnapshot: (newest) => {
    snapshot = newest;
    showState();
  },
  onState: (state) => {
    live = state.live;
    showState();
  },
});
setText(byId("clock"), clock.text(clock.now(), 5));
showState();
