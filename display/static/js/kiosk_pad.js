// A pad of letters and digits on the screen, for a text field that no system keyboard covers.

import { make } from "./dom.js";
import { onChange, text } from "./kiosk_state.js";

const LETTERS = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
const DIGITS = [..."1234567890"];

// Fill `box` with keys that write into `field`. `next(letters)` tells which keys lead anywhere.
export function makePad(box, field, { digits = false } = {}) {
  const keys = new Map();
  const write = (value) => {
    field.value = value;
    field.dispatchEvent(new Event("input"));
  };
  const key = (name, shown, press, kind = "") =>
    make(
      "button",
      { type: "button", class: `key ${kind}`, data: { key: name }, on: { click: press } },
      shown,
    );
  for (const name of digits ? [...DIGITS, ...LETTERS] : LETTERS) {
    keys.set(name, key(name, name, () => write(field.value + name)));
  }
  const rub = key("rub", "", () => write([...field.value].slice(0, -1).join("")), "key-wide");
  const clear = key("clear", "", () => write(""), "key-wide");
  const name = () => {
    rub.textContent = text("kiosk.rub");
    clear.textContent = text("kiosk.clear");
  };
  onChange(name);
  name();
  box.classList.toggle("pad-digits", digits);
  box.replaceChildren(...keys.values(), rub, clear);
  return {
    // Only these letters (small) can be tapped.
    next(letters) {
      for (const [each, button] of keys) button.disabled = !letters.has(each.toLowerCase());
    },
  };
}
