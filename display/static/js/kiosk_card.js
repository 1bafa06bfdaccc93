// The identity card on the reader of this kiosk: laid down at any time, it goes with the number
// that is taken next. The hall tells a masked name and a read id, never who it was.
//
// How it works: one long question is always open. A card counts for as long as the hall knows it,
// and only for the visitor who stands here now: with him it is forgotten.

import { byId, setHidden, setText } from "./dom.js";
import { current, onHome, onShown, touched } from "./kiosk_screens.js";
import { aloud } from "./kiosk_speech.js";
import { change, onChange, state, text } from "./kiosk_state.js";
import { data } from "./page.js";

const ANSWER_WITHIN_MS = 40000; // the hall answers after 25 s, card or not
const FAILED_MS = 5000;
const BREATH_MS = 300; // between two questions, whatever a proxy makes of long ones
const KEPT_MS = 55000; // the hall forgets a card after a minute
const OVER = new Set([401, 403, 404]); // nobody will ever answer this page
const WELCOME = new Set(["choose", "list", "find", "confirm", "priority"]);

let expiry = null;
let expired = false;

// Where a page that is loaded anew goes on: the card of the last visitor is not the next one's.
const seen = {
  key: (reader) => `queued.kiosk.card.${reader}`,
  get(reader) {
    try {
      return sessionStorage.getItem(this.key(reader)) ?? "";
    } catch {
      return "";
    }
  },
  set(reader, id) {
    try {
      sessionStorage.setItem(this.key(reader), id);
    } catch {
      // Then a reload may greet somebody again, for a minute.
    }
  },
};

// {read_id, masked_name}, null when nobody knows, or undefined when there is no use in asking.
async function ask(reader) {
  const hall = encodeURIComponent(data.hall.id);
  const path = `/api/v1/halls/${hall}/readers/${encodeURIComponent(reader)}/card`;
  try {
    const answer = await fetch(`${path}?after=${encodeURIComponent(seen.get(reader))}`, {
      cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (answer.ok) return await answer.json();
    return OVER.has(answer.status) ? undefined : null;
  } catch {
    return null;
  }
}

async function follow(reader) {
  for (;;) {
    const told = await ask(reader);
    if (told === undefined) return;
    if (told?.read_id && told.read_id !== seen.get(reader)) {
      seen.set(reader, told.read_id);
      laid(told);
    }
    const pause = told === null ? FAILED_MS : BREATH_MS;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function laid({ read_id: id, masked_name: name }) {
  if (state.busy || !WELCOME.has(current())) return; // it would go to the wrong visitor
  clearTimeout(expiry);
  expiry = setTimeout(() => {
    forget();
    expired = true;
    show();
  }, KEPT_MS);
  expired = false;
  change({ card: { id, name } });
  touched();
  aloud(`${text("kiosk.say_card")} ${text(`kiosk.say_${current()}`)}`);
}

export function forget() {
  clearTimeout(expiry);
  expired = false;
  if (state.card) change({ card: null });
}

function sentence() {
  if (!state.card) return text(expired ? "kiosk.card_expired" : "kiosk.card_hint");
  const taking = ["confirm", "priority"].includes(current());
  return text(taking ? "kiosk.card_take" : "kiosk.card_read", { name: state.card.name });
}

function show() {
  const shown = state.live && state.snapshot.open && WELCOME.has(current());
  setHidden(byId("card"), !shown);
  byId("card").dataset.state = state.card ? "read" : "none";
  setText(byId("card-words"), sentence());
}

export function start() {
  if (!data.readers.length) return;
  onChange(show);
  onShown(show);
  onHome((gone) => {
    if (gone) forget();
  });
  for (const reader of data.readers) follow(reader);
  show();
}
