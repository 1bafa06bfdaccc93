// Signing in: what was typed can be looked at, and a locked Caps Lock is told.
//
// A kiosk that was switched on comes here from its own start page, which is a file. Browsers do not
// send a session along on the way from there, though the kiosk has one: so ask once more from
// here. Who really is not signed in comes back and sees the form.

import { byId, setHidden, setText } from "./dom.js";
import { data } from "./page.js";
import { texts } from "./texts.js";

const { text } = texts(data.texts);
const TRIED = "queued.login.tried";
const KIOSK = /^\/h\/[a-z0-9-]+\/kiosk(\?|$)/;

function fromOutside() {
  return !document.referrer.startsWith(location.origin);
}

function onceMore() {
  try {
    if (sessionStorage.getItem(TRIED)) return false;
    sessionStorage.setItem(TRIED, "yes");
    return true;
  } catch {
    return false; // without storage it could go round for ever
  }
}

const reveal = byId("reveal");
const password = reveal.parentElement.querySelector("input");

function show(shown) {
  password.type = shown ? "text" : "password";
  reveal.setAttribute("aria-pressed", String(shown));
  setText(reveal, text(shown ? "login.conceal" : "login.reveal"));
}

reveal.addEventListener("click", () => {
  show(password.type === "password");
  password.focus();
});
password.form.addEventListener("submit", () => show(false)); // no password manager learns a text
for (const name of ["keydown", "keyup"]) {
  password.addEventListener(name, (event) => {
    setHidden(byId("capitals"), !event.getModifierState?.("CapsLock"));
  });
}
setHidden(reveal, false);

if (KIOSK.test(data.next ?? "") && fromOutside() && onceMore()) location.replace(data.next);
