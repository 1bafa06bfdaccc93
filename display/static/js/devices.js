// All devices as cards, those that need somebody first.

import { Api, hallPath } from "./api.js";
import { LIGHTS, deviceWords } from "./device_words.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";
import { data } from "./page.js";
import { texts } from "./texts.js";

const ASK_EVERY_MS = 3000;

const catalogue = texts(data.texts);
const { text } = catalogue;
const words = deviceWords(catalogue);
const api = new Api({ language: data.language });
let seenAt = data.observed_at;

function card(device) {
  const pill = make("span", { class: "light-pill", data: { light: device.light } },
    words.light(device));
  const address = `/h/${data.hall.id}/devices/${encodeURIComponent(device.id)}`;
  const trouble = device.text ? [
    make("p", { class: "device-trouble" }, device.text),
    make("p", {}, make("b", {}, text("devices.do")), " ", device.advice),
  ] : [];
  return make("li", { class: "card device-card", data: { light: device.light } },
    make("h2", { class: "card-title" }, make("a", { href: address }, device.id), " ", pill),
    make("p", { class: "muted" }, words.what(device)),
    ...trouble,
    make("p", { class: "muted" }, words.state(device)),
    make("p", { class: "muted" }, words.done(device)));
}

function show({ devices, restarts, observed_at: at }) {
  seenAt = at;
  const sorted = LIGHTS.flatMap((light) => devices.filter((device) => device.light === light));
  refill(byId("devices"), JSON.stringify(sorted), () => sorted.map(card));
  refill(byId("counts"), JSON.stringify(sorted.map((device) => device.light)), () =>
    LIGHTS.map((light) => make("li", { class: "light-pill", data: { light } },
      text("devices.count", {
        light: text(`devices.light_${light}`),
        n: devices.filter((device) => device.light === light).length,
      }))));
  setHidden(byId("none"), devices.length > 0);
  setHidden(byId("restarts"), restarts === 0);
  setText(byId("restarts"), text("devices.restarts", { n: restarts }));
}

function setState(live) {
  byId("state").dataset.state = live ? "live" : "stale";
  setText(byId("state"),
    live ? text("live.live") : text("devices.offline", { at: seenAt.slice(11, 19) }));
}

async function ask() {
  if (!document.hidden) {
    try {
      show(await api.get(hallPath(data.hall.id, "devices")));
      setState(true);
    } catch {
      setState(false);
    }
  }
  setTimeout(ask, ASK_EVERY_MS);
}

ask();
