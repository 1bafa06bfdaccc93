// What the kiosk knows now, for all its screens: the hall, whether it answers, who stands there.

import { HallClock } from "./clock.js";
import { data } from "./page.js";
import { texts } from "./texts.js";

export const clock = new HallClock();

export const state = {
  services: data.services,
  snapshot: data.snapshot,
  live: true,
  busy: false, // a number is being asked for: nothing else may be touched
  language: data.language,
  elder: false,
  low: false,
  card: null, // {id, name (masked)} of the identity card that was laid down
};

const catalogues = Object.fromEntries(
  Object.entries(data.catalogues).map(([language, all]) => [language, texts(all)]),
);
const listeners = [];

// Call `listener` after each change of the state.
export function onChange(listener) {
  listeners.push(listener);
}

export function change(values) {
  Object.assign(state, values);
  for (const listener of listeners) listener();
}

export function text(key, facts) {
  return catalogues[state.language].text(key, facts);
}

export function problemText(code, facts) {
  return catalogues[state.language].problem(code, facts);
}

export const languages = Object.keys(catalogues);

// How `language` calls itself.
export function languageName(language) {
  return catalogues[language].text("app.language");
}

export function nameOf(thing) {
  return (state.language !== "zh" && thing.name_en) || thing.name;
}

// The words of a list with the comma of its language.
export function listed(names) {
  return names.join(state.language === "zh" ? "、" : ", ");
}

export function serviceOf(id) {
  return state.services.services.find((service) => service.id === id);
}

// The queue as it is now (waiting, wait, status); null for one the hall does not know any more.
export function queueNow(id) {
  return state.snapshot.queues.find((queue) => queue.id === id) ?? null;
}

// Why no number can be taken for a service now, as a catalogue key; "" if one can.
// "paused" means that no window is open yet: numbers are given out all the same.
export function hindrance(service) {
  if (!state.live) return "kiosk.reconnecting";
  if (!state.snapshot.open) return "kiosk.closed";
  return queueNow(service.queue)?.status === "closed" ? "error.queue_closed" : "";
}

export function isClass(id) {
  return state.services.classes.some((each) => each.id === id);
}
