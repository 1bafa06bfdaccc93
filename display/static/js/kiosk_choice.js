// The first screen, and the lists behind it: queues with their services, 一件事.

import { byId, make, refill, setHidden, setText } from "./dom.js";
import { week } from "./kiosk_hours.js";
import { go, onHome } from "./kiosk_screens.js";
import { listed, nameOf, onChange, state, text } from "./kiosk_state.js";
import { Tiles, bundleTile, letterMark, loadLine, shortTile } from "./kiosk_tiles.js";

// Up to this many services (and so many of one queue) fit the first screen: one tap less.
const FLAT_MAX = 18;
const FLAT_QUEUE_MAX = 4;

let choose = () => {};
let shownList = null;
const queues = new Tiles("queues", (queue) => (flat() ? card(queue) : queueTile(queue)));
const list = new Tiles("things", (thing) => shownList.tile(thing, choose));

function servicesOf(queue) {
  return state.services.services.filter((service) => service.queue === queue.id);
}

function offered() {
  return state.services.queues.filter((queue) => servicesOf(queue).length > 0);
}

function flat() {
  if (state.elder || state.low || state.services.services.length > FLAT_MAX) return false;
  return offered().every((queue) => servicesOf(queue).length <= FLAT_QUEUE_MAX);
}

// A queue with its services in it.
function card(queue) {
  const buttons = servicesOf(queue).map((service) =>
    make(
      "button",
      { type: "button", class: "card-service", on: { click: () => choose(service) } },
      nameOf(service),
    ),
  );
  const words = make("span", { class: "tile-words" },
    make("span", { class: "tile-name" }, nameOf(queue)), loadLine(queue.id));
  return make("section", { class: "queue-card", data: { queue: queue.id } },
    make("h3", { class: "card-head" }, letterMark(queue.letter), words),
    make("div", { class: "card-services" }, ...buttons));
}

function queueTile(queue) {
  const services = servicesOf(queue);
  const open = () => (services.length === 1 ? choose(services[0]) : openQueue(queue));
  return make("button",
    { type: "button", class: "tile", data: { queue: queue.id }, on: { click: open } },
    letterMark(queue.letter),
    make("span", { class: "tile-words" },
      make("span", { class: "tile-name" }, nameOf(queue)), loadLine(queue.id)));
}

function openQueue(queue) {
  showList({
    title: () => nameOf(queue),
    letter: queue.letter,
    lead: () => loadLine(queue.id),
    things: () => servicesOf(queue),
    tile: shortTile,
  });
}

function openBundles() {
  showList({
    title: () => text("kiosk.bundles"),
    lead: () => text("kiosk.bundles_lead"),
    things: () => state.services.one_things ?? [],
    tile: bundleTile,
  });
}

function showList(wanted) {
  shownList = wanted;
  fillList();
  go("list");
}

function fillList(page = 0) {
  const { title, letter, lead } = shownList;
  byId("list-title").replaceChildren(...(letter ? [letterMark(letter)] : []), title());
  byId("list-lead").replaceChildren(lead());
  list.set(shownList.things(), page);
}

function showHours() {
  const lines = week(state.services.hours ?? [], text, listed);
  const list = byId("hours");
  refill(list, lines.join(), () => lines.map((line) => make("li", {}, line)));
  setHidden(list, lines.length === 0);
}

function showState() {
  const { live, snapshot } = state;
  setHidden(byId("rest"), live);
  const empty = offered().length === 0;
  setHidden(byId("choices"), !live || empty);
  setHidden(byId("closed"), !live || snapshot.open || empty);
  setHidden(byId("choose-title"), !live || !snapshot.open || empty);
  setHidden(byId("no-services"), !live || !empty);
  showHours();
  setHidden(byId("open-bundles"), (state.services.one_things ?? []).length === 0);
  byId("queues").classList.toggle("queues-flat", flat());
}

let drawn = "";

// Tiles are made anew only when words or their number change, so that no tap falls between.
function draw() {
  const print = JSON.stringify([state.language, state.elder, state.low, state.services]);
  if (print !== drawn) {
    drawn = print;
    queues.set(offered());
    if (shownList) fillList(list.page);
  }
  showState();
}

// `onChoose(thing)` for a service or a 一件事.
export function start(onChoose) {
  choose = onChoose;
  byId("open-bundles").addEventListener("click", openBundles);
  onChange(draw);
  onHome(() => queues.set(offered()));
  draw();
}
