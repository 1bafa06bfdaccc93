// The visitor's position, given by him for one form; without script the form does without it.

import { data } from "./page.js";
import { byId, setHidden, setText } from "./dom.js";

const WITHIN_MS = 15000;

const button = document.getElementById("locate");

function given({ coords }) {
  document.querySelector("[name=latitude]").value = coords.latitude.toFixed(6);
  document.querySelector("[name=longitude]").value = coords.longitude.toFixed(6);
  setText(byId("located"), data.texts["remote.located"]);
}

function refused() {
  setText(byId("located"), data.texts["remote.not_located"]);
}

if (button && "geolocation" in navigator) {
  setHidden(button, false);
  button.addEventListener("click", () => navigator.geolocation.getCurrentPosition(given, refused,
    { enableHighAccuracy: true, timeout: WITHIN_MS }));
}
