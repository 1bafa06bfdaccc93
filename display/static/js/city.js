// The page of a city: keeps the server-rendered lines up to date and sorts them. Where the phone is
// is asked for only after a tap, and stays in the phone: nothing of it is in any request.

import { awayText, byDistance, metres } from "./city_place.js";
import { byId, setHidden, setPill, setText } from "./dom.js";
import { matches } from "./find.js";
import { data } from "./page.js";
import { Poll, Reader } from "./poll.js";
import { texts } from "./texts.js";
import { span, spanText } from "./waits.js";

const ASK_EVERY_MS = 15000;
const POSITION_WITHIN_MS = 15000;
const POSITION_AGE_MS = 300000;

const { text } = texts(data.texts);
const page = document.querySelector("[data-shape]");
const cards = new Map(
  [...document.querySelectorAll("[data-hall]")].map((card) => [card.dataset.hall, card]));
let order = [...cards.keys()]; // as the server has them: by wait
let here = null;

function placeOf(card) {
  const { latitude, longitude } = card.dataset;
  return latitude === undefined
    ? { latitude: null, longitude: null }
    : { latitude: Number(latitude), longitude: Number(longitude) };
}

function waitText(hall) {
  if (hall.wait_to_s === null) return text("wait.unknown");
  if (hall.waiting === 0) return text("wait.queue_next");
  return spanText(text, span({ p50_s: hall.wait_from_s, p80_s: hall.wait_to_s }));
}

function show(hall) {
  const card = cards.get(hall.id);
  const field = (name) => card.querySelector(`[data-field="${name}"]`);
  const status = hall.open ? "open" : "closed";
  card.dataset.status = status;
  card.dataset.stale = Boolean(hall.stale);
  setPill(field("status"), status, text(hall.open ? "phone.open" : "city.closed"));
  setHidden(field("facts"), !hall.open);
  setHidden(field("opens"), hall.open);
  setText(field("wait"), waitText(hall));
  setText(field("waiting"), text("phone.people", { n: hall.waiting }));
  setHidden(field("stale"), !hall.stale);
  setText(field("stale"), text("city.stale", { at: hall.observed_at.slice(11, 16) }));
}

// Nothing moves while somebody has a line in hand.
function arrange() {
  const list = byId("halls");
  if (list.contains(document.activeElement)) return;
  const ids = here
    ? byDistance(order.map((id) => ({ id, ...placeOf(cards.get(id)) })), here).map((one) => one.id)
    : order;
  const now = [...list.querySelectorAll("[data-hall]")].map((card) => card.dataset.hall);
  if (ids.join(" ") !== now.join(" ")) list.append(...ids.map((id) => cards.get(id)));
}

function onRead({ snapshot: list }) {
  setHidden(byId("stale"), true);
  if (!list) return;
  const ids = list.halls.map((hall) => hall.id);
  if ([...ids].sort().join(" ") !== page.dataset.shape) {
    location.reload(); // a hall has come or gone
    return;
  }
  order = ids;
  list.halls.forEach(show);
  arrange();
}

function sortBy(distance) {
  byId("by-wait").setAttribute("aria-pressed", String(!distance));
  byId("by-distance").setAttribute("aria-pressed", String(distance));
  setText(byId("said"), text(distance ? "city.sorted_by_distance" : "city.sorted_by_wait"));
  for (const card of cards.values()) {
    const place = placeOf(card);
    const away = distance && place.latitude !== null;
    setText(card.querySelector('[data-field="away"]'),
      away ? awayText(text, metres(here, place)) : "");
  }
  arrange();
}

function found(position) {
  here = { latitude: position.coords.latitude, longitude: position.coords.longitude };
  sortBy(true);
}

function notFound() {
  here = null;
  sortBy(false);
  setText(byId("said"), text("city.no_position"));
}

function locate() {
  setText(byId("said"), text("city.locating"));
  navigator.geolocation.getCurrentPosition(found, notFound,
    { timeout: POSITION_WITHIN_MS, maximumAge: POSITION_AGE_MS });
}

function find() {
  const query = byId("q").value.trim();
  let shown = 0;
  for (const card of cards.values()) {
    setHidden(card, !matches(query, card.dataset.find));
    shown += card.hidden ? 0 : 1;
  }
  setHidden(byId("nothing"), shown > 0 || query === "");
}

const placed = [...cards.values()].some((card) => placeOf(card).latitude !== null);
if (placed && navigator.geolocation) {
  setHidden(byId("orders"), false);
  setHidden(byId("position-note"), false);
  byId("by-wait").addEventListener("click", () => { here = null; sortBy(false); });
  byId("by-distance").addEventListener("click", locate);
}
if (byId("find")) {
  setHidden(byId("find"), false);
  byId("q").addEventListener("input", find);
  byId("find").addEventListener("submit", (event) => event.preventDefault());
}
new Poll({
  reader: new Reader("/api/v1/halls"),
  interval: () => ASK_EVERY_MS,
  onRead,
  onFailure: () => setHidden(byId("stale"), false),
}).start().ask();
