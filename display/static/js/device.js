// One device: how it is, what happened to it, a try-out, and what goes over its line.

import { Api, Problem, hallPath } from "./api.js";
import { captureOf, fileName } from "./capture.js";
import { HallClock } from "./clock.js";
import { deviceWords } from "./device_words.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";
import { FrameTable, sayState } from "./frame_table.js";
import { FrameWatch } from "./frame_watch.js";
import { csrf, data } from "./page.js";
import { texts } from "./texts.js";

const ASK_EVERY_MS = 2000;

const catalogue = texts(data.texts);
const { text, problem } = catalogue;
const words = deviceWords(catalogue);
const api = new Api({ csrf: csrf(), language: data.language });
const path = hallPath(data.hall.id, "devices", data.device.id);
const clock = new HallClock();
clock.observed(data.device.since);
const table = new FrameTable({ text, clock });
const older = []; // events that were asked for with "more"
let next = data.events.next;
let device = data.device;

// ── How it is, what happened ──

function show(now) {
  device = now;
  byId("light").dataset.light = now.light;
  setText(byId("light"), words.light(now));
  setText(byId("trouble"), now.text);
  setHidden(byId("trouble"), !now.text);
  setText(byId("advice-text"), now.advice);
  setHidden(byId("advice"), !now.text);
  setText(byId("now"), words.state(now));
  setText(byId("done"), words.done(now) || text("device.none_yet"));
  refill(byId("last-error"), now.last_error ?? "", () => (now.last_error
    ? [words.when(now.last_error_at ?? "", 19), " ", make("code", {}, now.last_error)]
    : [text("device.none_yet")]));
  if (now.test) setText(byId("test-result"), now.test.text);
  if (byId("test")) byId("test").disabled = now.test?.state === "running";
}

function eventElement(event) {
  return make("li", {},
    make("time", { datetime: event.at }, words.when(event.at, 19)), " ",
    make("span", {}, event.text),
    ...(event.detail ? [" ", make("code", {}, event.detail)] : []));
}

function showEvents({ events, next: following }) {
  if (older.length === 0) next = following;
  const oldest = older.length ? older[0].id : 0;
  const all = [...events.filter((event) => event.id > oldest), ...older];
  refill(byId("events"), all.map((event) => event.id).join(" "), () => all.map(eventElement));
  setHidden(byId("events-none"), all.length > 0);
  setHidden(byId("more"), next === null);
}

async function ask() {
  if (!document.hidden) {
    try {
      show(await api.get(path));
      showEvents(await api.get(`${path}/events?limit=20`));
      setState(true);
    } catch {
      setState(false);
    }
  }
  setTimeout(ask, ASK_EVERY_MS);
}

function setState(live) {
  byId("state").dataset.state = live ? "live" : "stale";
  setText(byId("state"), text(live ? "live.live" : "live.reconnecting"));
}

byId("more").addEventListener("click", async () => {
  try {
    const page = await api.get(`${path}/events?limit=50&before=${next}`);
    older.push(...page.events);
    next = page.next;
    showEvents(await api.get(`${path}/events?limit=20`));
  } catch {
    setState(false);
  }
});

byId("test")?.addEventListener("click", async () => {
  byId("test").disabled = true;
  try {
    const test = await api.command("test", "POST", `${path}/test`, {});
    setText(byId("test-result"), test.text);
  } catch (failure) {
    byId("test").disabled = false;
    const { code, facts } = failure instanceof Problem ? failure : { code: "unknown", facts: {} };
    setText(byId("test-result"), problem(code, facts));
  }
});

// ── What goes over its line ──

const watch = new FrameWatch({ url: `/api/v1${path}/frames`, onChange: redraw });
let waiting = false;

// At most once a picture: a slip comes as forty frames at once.
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    table.show(watch.visible());
    sayState(watch, text);
    const on = watch.state !== "off";
    byId("watch").setAttribute("aria-pressed", String(on));
    setText(byId("watch"), text(on ? "device.stop" : "device.watch"));
    byId("pause").setAttribute("aria-pressed", String(watch.paused));
    setText(byId("pause"), text(watch.paused ? "device.resume" : "device.pause"));
    byId("pause").disabled = !on && !watch.paused;
    for (const name of ["clear", "save"]) byId(name).disabled = watch.frames.length === 0;
  });
}

byId("watch").addEventListener("click", () => {
  if (watch.state === "off") watch.start();
  else watch.stop();
});
byId("pause").addEventListener("click", () => watch.pause(!watch.paused));
byId("clear").addEventListener("click", () => watch.clear());
byId("save").addEventListener("click", () => {
  const at = new Date(watch.frames[0].at_ms).toISOString();
  const { options, version } = data;
  const content = captureOf({ device, options, version, at, frames: watch.frames });
  const address = URL.createObjectURL(new Blob([content], { type: "application/x-ndjson" }));
  make("a", { href: address, download: fileName(device, at) }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
});

ask();
