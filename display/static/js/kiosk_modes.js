// Who stands there: language, large and simple (elder mode), everything within reach of a
// wheelchair (low position). The next visitor begins with none of it.

import { byId, make, setHidden, setText } from "./dom.js";
import { spoken } from "./kiosk_result.js";
import { current, onHome, onShown } from "./kiosk_screens.js";
import { change, languageName, languages, onChange, state, text } from "./kiosk_state.js";
import { aloud, canSpeak, hush, onVoices, spelled } from "./kiosk_speech.js";
import { data } from "./page.js";

const html = document.documentElement;

function sentence() {
  const name = current();
  if (name === "result") return spoken(spelled);
  if (!state.live) return text("kiosk.say_rest");
  if (!state.snapshot.open && name !== "checkin") return text("kiosk.say_closed");
  return text(`kiosk.say_${name}`);
}

function prompt() {
  aloud(sentence());
}

// Texts that the template wrote: [data-text] is the content, [data-label] the accessible name.
function translate() {
  const catalogue = data.catalogues[state.language];
  html.lang = catalogue["app.html_language"];
  for (const each of document.querySelectorAll("[data-text]")) {
    setText(each, text(each.dataset.text));
  }
  for (const each of document.querySelectorAll("[data-label]")) {
    const name = each.tagName === "IMG" ? "alt" : "aria-label";
    each.setAttribute(name, text(each.dataset.label));
  }
  setText(byId("hall-name"), (state.language !== "zh" && data.hall.name_en) || data.hall.name);
  document.title = `${text("kiosk.title")} · ${byId("hall-name").textContent}`;
  const others = languages.filter((each) => each !== state.language);
  byId("languages").replaceChildren(...others.map(languageButton));
}

function languageButton(language) {
  return make(
    "button",
    {
      type: "button",
      class: "button bar-button",
      lang: data.catalogues[language]["app.html_language"],
      on: { click: () => change({ language }) },
    },
    languageName(language),
  );
}

function showModes() {
  html.dataset.elder = state.elder ? "yes" : "no";
  html.dataset.low = state.low ? "yes" : "no";
  byId("elder").setAttribute("aria-pressed", String(state.elder));
  byId("low").setAttribute("aria-pressed", String(state.low));
  setText(byId("elder"), text(state.elder ? "kiosk.usual" : "kiosk.elder"));
  setText(byId("low"), text(state.low ? "kiosk.high" : "kiosk.low"));
  for (const button of document.querySelectorAll(".kiosk-modes button")) {
    button.disabled = state.busy;
  }
  setHidden(byId("replay"), !state.elder || !canSpeak(state.language));
}

export function start() {
  byId("elder").addEventListener("click", () => {
    change({ elder: !state.elder });
    prompt();
    if (!state.elder) hush();
  });
  byId("low").addEventListener("click", () => change({ low: !state.low }));
  byId("replay").addEventListener("click", prompt);
  let language = null;
  const show = () => {
    if (state.language !== language) {
      language = state.language;
      translate();
    }
    showModes();
  };
  onChange(show);
  onVoices(show);
  onShown(prompt);
  onHome((gone) => {
    hush();
    if (gone) change({ elder: false, low: false, language: data.language });
  });
  show();
}
