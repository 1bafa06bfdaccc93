// Large tiles to choose from, a page at a time: nobody scrolls at a kiosk.

import { byId, make, setHidden, setText } from "./dom.js";
import { nameOf, onChange, queueNow, serviceOf, state, text } from "./kiosk_state.js";
import { queueHeadline } from "./waits.js";

// Tiles on one page: [usual, elder or low position]. Fewer and larger ones need less reading.
const PER_PAGE = { portrait: [12, 6], landscape: [12, 6] };
export const BESIDE_A_PAD = { portrait: [12, 4], landscape: [8, 3] };

const portrait = window.matchMedia("(orientation: portrait)");

function perPage(sizes) {
  return sizes[portrait.matches ? "portrait" : "landscape"][state.elder || state.low ? 1 : 0];
}

// "Waiting 12 · within 20 minutes"; what a closed or empty queue says of itself.
export function loadText(queue) {
  if (!queue) return "";
  if (queue.status === "closed" || queue.waiting === 0) return queueHeadline(text, queue);
  const waiting = text("kiosk.waiting", { n: queue.waiting });
  const more = queue.wait || queue.status === "paused";
  return more ? `${waiting} · ${queueHeadline(text, queue)}` : waiting;
}

// One line below a name, kept up to date: each `data-load` names its queue.
export function loadLine(queue) {
  return make("span", { class: "tile-load", data: { load: queue } }, loadText(queueNow(queue)));
}

export function letterMark(letter) {
  return make("span", { class: "letter", "aria-hidden": "true" }, letter);
}

export function serviceTile(service, onChoose) {
  const queue = state.services.queues.find((each) => each.id === service.queue);
  const name = make("span", { class: "tile-name" }, nameOf(service));
  const words = make("span", { class: "tile-words" }, name, loadLine(service.queue));
  return make(
    "button",
    { type: "button", class: "tile", on: { click: () => onChoose(service) } },
    letterMark(queue?.letter ?? ""),
    words,
  );
}

// One of a queue's own services: the queue stands above them, so what differs is said.
export function shortTile(service, onChoose) {
  const minutes = service.minutes ? text("kiosk.minutes", { n: service.minutes }) : "";
  return make(
    "button",
    { type: "button", class: "tile", on: { click: () => onChoose(service) } },
    make("span", { class: "tile-words" },
      make("span", { class: "tile-name" }, nameOf(service)),
      make("span", { class: "tile-load" }, minutes)),
  );
}

export function bundleTile(bundle, onChoose) {
  const parts = bundle.services.map(serviceOf).filter(Boolean);
  const count = text("kiosk.bundle_of", { n: parts.length });
  return make(
    "button",
    { type: "button", class: "tile", on: { click: () => onChoose(bundle) } },
    letterMark(parts.length),
    make(
      "span",
      { class: "tile-words" },
      make("span", { class: "tile-name" }, nameOf(bundle)),
      make("span", { class: "tile-load" }, count),
    ),
  );
}

// Shows `things` in the element `id` (with `id-pages` beside it) by `make(thing)`.
export class Tiles {
  constructor(id, makeTile, sizes = PER_PAGE) {
    this.box = byId(id);
    this.pages = byId(`${id}-pages`);
    Object.assign(this, { makeTile, sizes });
    this.things = [];
    this.page = 0;
    const [before, after] = this.pages.querySelectorAll("button");
    before.addEventListener("click", () => this.turn(-1));
    after.addEventListener("click", () => this.turn(1));
    portrait.addEventListener("change", () => this.show());
  }

  set(things, page = 0) {
    this.things = things;
    this.page = page;
    this.show();
  }

  turn(by) {
    this.page += by;
    this.show();
    this.box.firstElementChild?.focus();
  }

  show() {
    const size = perPage(this.sizes);
    const pages = Math.max(1, Math.ceil(this.things.length / size));
    this.page = Math.min(Math.max(this.page, 0), pages - 1);
    const shown = this.things.slice(this.page * size, (this.page + 1) * size);
    this.box.replaceChildren(...shown.map(this.makeTile));
    this.box.dataset.count = String(shown.length);
    showLoads();
    const [before, after] = this.pages.querySelectorAll("button");
    before.disabled = this.page === 0;
    after.disabled = this.page === pages - 1;
    const place = text("kiosk.page", { page: this.page + 1, pages });
    setText(this.pages.querySelector("span"), place);
    setHidden(this.pages, pages === 1);
  }
}

export function showLoads() {
  for (const line of document.querySelectorAll("[data-load]")) {
    const queue = queueNow(line.dataset.load);
    setText(line, loadText(queue));
    const place = line.closest(".tile, .queue-card");
    if (place) place.dataset.status = queue?.status ?? "";
  }
}

onChange(showLoads);
