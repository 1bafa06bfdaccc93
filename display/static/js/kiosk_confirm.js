// One matter before its number is taken: what to bring, how long, and who goes first by which rule.

import { byId, make, setHidden, setText } from "./dom.js";
import { go, onHome } from "./kiosk_screens.js";
import { hindrance, nameOf, onChange, queueNow, serviceOf, state, text } from "./kiosk_state.js";
import { letterMark, loadText } from "./kiosk_tiles.js";

// Taken for granted, or recognised by the hall: nobody chooses them.
const NOT_CHOSEN = new Set(["normal", "appointment", "return"]);

const FEW = 6; // lines that may have a row each

let thing = null;

// The service a number is taken for: of a 一件事 the first.
export function chosen() {
  return thing && (thing.services ? serviceOf(thing.services[0]) : thing);
}

export function open(wanted) {
  thing = wanted;
  setText(byId("message"), "");
  draw();
  go("confirm");
}

export function say(sentence) {
  setText(byId("message"), sentence);
  setText(byId("priority-message"), sentence);
}

function priorities() {
  return state.services.classes.filter((each) => !NOT_CHOSEN.has(each.id));
}

function draw() {
  const service = chosen();
  if (!service) return;
  setText(byId("confirm-title"), nameOf(thing));
  const queue = state.services.queues.find((each) => each.id === service.queue);
  byId("confirm-letter").replaceChildren(letterMark(queue?.letter ?? ""));
  const materials = thing.materials.length ? thing.materials : [text("kiosk.no_materials")];
  bullets("materials", materials);
  const parts = (thing.services ?? []).map(serviceOf).filter(Boolean);
  bullets("parts", parts.map(nameOf));
  setHidden(byId("parts-panel"), parts.length === 0);
  const minutes = thing.services ? 0 : service.minutes;
  setText(byId("minutes"), minutes ? text("kiosk.minutes", { n: minutes }) : "");
  drawPriorities();
  showState();
}

function bullets(id, lines) {
  byId(id).toggleAttribute("data-many", lines.length > FEW);
  byId(id).replaceChildren(...lines.map((each) => make("li", {}, each)));
}

function drawPriorities() {
  setHidden(byId("open-priority"), priorities().length === 0);
  const rows = priorities().map((each) => {
    const minutes = each.head_start_minutes;
    const rule = each.id === "priority" ? "kiosk.class_priority" : "kiosk.class_other";
    const name = each.id === "priority" ? text("kiosk.take_priority") : nameOf(each);
    return make("li", { class: "rule" },
      make("p", { class: "rule-words" }, text(rule, { n: minutes })),
      state.language === "zh" && each.basis ? make("p", { class: "muted" },
        text("kiosk.basis", { basis: each.basis })) : null,
      make("button",
        { type: "button", class: "button button-primary take-class", data: { class: each.id } },
        name));
  });
  byId("classes").replaceChildren(...rows);
}

function showState() {
  const service = chosen();
  if (!service) return;
  setText(byId("confirm-load"), loadText(queueNow(service.queue)));
  const why = hindrance(service);
  const ways = [byId("take"), byId("open-priority"), ...document.querySelectorAll(".take-class")];
  for (const button of ways) {
    button.disabled = state.busy || why !== "";
  }
  const hindered = why && state.live; // silence of the hall is told above, on every screen
  setText(byId("hindrance"), hindered ? text(why) : "");
  setHidden(byId("hindrance"), !hindered);
}

// `onTake(class)` when the visitor wants a number.
export function start(onTake) {
  byId("take").addEventListener("click", () => onTake("normal"));
  byId("open-priority").addEventListener("click", () => go("priority"));
  byId("classes").addEventListener("click", (event) => {
    const button = event.target.closest("[data-class]");
    if (button) onTake(button.dataset.class);
  });
  onHome(() => {
    thing = null;
  });
  let print = "";
  onChange(() => {
    const now = JSON.stringify([state.language, state.services]);
    if (now !== print) draw();
    else showState();
    print = now;
  });
}
