// The identity card on the reader of this kiosk: laid down at any time, it goes with the number
// that is taken next. The hall tells a masked name and a read id, never who it was.
//
// Only the page of a kiosk with a reader loads it. How it works: one long question is always open.
// A card counts for as long as the hall knows it, and only for the visitor who stands here now:
// with him it is forgotten.

import { byId, setHidden, setText } from "./dom.js";
import { current, onHome, onShown, touched } from "./kiosk_screens.js";
import { aloud } from "./kiosk_speech.js";
import { change, onChange, state, text } from "./kiosk_state.js";
import { data } from "./page.js";

const ANSWER_WITHIN_MS = 40000; // the hall answers after 25 s, card or not
const FAILED_MS = 5000;
const BREATH_MS = 300; // between two questions, whatever a proxy makes of long ones
const KEPT_MS = 55000; // the hall forgets a card after a minute
const FLAW_MS = 12000; // long enough to read what to do, and to do it
const OVER = new Set([401, 403, 404]); // nobody will ever answer this page
const WELCOME = new Set(["choose", "list", "find", "confirm", "priority"]);

const STATES = { away: "card_away", back: "card_hint" }; // of the reader itself

let expiry = null;
let usual = "card_hint"; // what is said where there is no card
let instead = usual;

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

// {read_id, masked_name, flaw}, null when nobody knows, undefined when there is no use in asking.
async function ask(reader, after) {
  const hall = encodeURIComponent(data.hall.id);
  const path = `/api/v1/halls/${hall}/readers/${encodeURIComponent(reader)}/card`;
  try {
    const answer = await fetch(`${path}?after=${encodeURIComponent(after)}`, {
      cache: "no-store", signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    if (answer.ok) return await answer.json();
    return OVER.has(answer.status) ? undefined : null;
  } catch {
    return null;
  }
}

async function follow(reader) {
  let after = seen.get(reader);
  for (;;) {
    const told = await ask(reader, after);
    if (told === undefined) return;
    if (told?.read_id && told.read_id !== after) {
      after = told.read_id;
      if (STATES[told.flaw]) stands(STATES[told.flaw]);
      else {
        seen.set(reader, after);
        if (told.flaw) unread(told.flaw);
        else laid(told);
      }
    }
    const pause = told === null ? FAILED_MS : BREATH_MS;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function laid({ read_id: id, masked_name: name }) {
  if (state.busy || !WELCOME.has(current())) return; // it would go to the wrong visitor
  change({ card: { id, name } });
  later(KEPT_MS, () => {
    change({ card: null });
    say("card_expired");
  });
  touched();
  aloud(`${text("kiosk.say_card")} ${text(`kiosk.say_${current()}`)}`);
}

// A card lay there and nobody knows whose it is: what its owner can do.
function unread(flaw) {
  if (state.busy || state.card || !WELCOME.has(current())) return;
  say(`card_${flaw}`);
  later(FLAW_MS, () => say(usual));
  touched();
  aloud(text(`kiosk.card_${flaw}`));
}

// The reader is away, or there again: nobody is asked to lay a card where it would not be seen.
function stands(sentence) {
  usual = sentence;
  say(usual);
}

function later(ms, call) {
  clearTimeout(expiry);
  expiry = setTimeout(call, ms);
}

function say(key) {
  instead = key;
  show();
}

function forget() {
  clearTimeout(expiry);
  instead = usual;
  change({ card: null });
}

function sentence() {
  if (!state.card) return text(`kiosk.${instead}`);
  const taking = ["confirm", "priority"].includes(current());
  return text(taking ? "kiosk.card_take" : "kiosk.card_read", { name: state.card.name });
}

function show() {
  const shown = state.live && state.snapshot.open && WELCOME.has(current());
  setHidden(byId("card"), !shown);
  const flawed = ["card_moved", "card_no_data", "card_away"].includes(instead);
  byId("card").dataset.state = state.card ? "read" : flawed ? "flaw" : "none";
  setText(byId("card-words"), sentence());
}

function start() {
  let card = null;
  onChange(() => {
    if (card && !state.card) clearTimeout(expiry); // it has gone with a number
    if (state.card) instead = usual;
    card = state.card;
    show();
  });
  onShown(show);
  onHome((gone) => {
    if (gone) forget();
  });
  for (const reader of data.readers) follow(reader);
  show();
}

start();
