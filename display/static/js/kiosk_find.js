// Finding a service by Pinyin initials on a letter pad, or by text.

import { byId, setHidden, setText } from "./dom.js";
import { found, nextLetters } from "./kiosk_match.js";
import { makePad } from "./kiosk_pad.js";
import { go, onHome } from "./kiosk_screens.js";
import { onChange, state, text } from "./kiosk_state.js";
import { BESIDE_A_PAD, Tiles, bundleTile, serviceTile } from "./kiosk_tiles.js";

let choose = () => {};

function things() {
  return [...state.services.services, ...(state.services.one_things ?? [])];
}

function tile(thing) {
  return thing.services ? bundleTile(thing, choose) : serviceTile(thing, choose);
}

// `onChoose(thing)` for a service or a 一件事.
export function start(onChoose) {
  choose = onChoose;
  const field = byId("query");
  const pad = makePad(byId("pad"), field);
  const tiles = new Tiles("matches", tile, BESIDE_A_PAD);

  const look = () => {
    const matches = field.value ? found(field.value, things()) : things();
    tiles.set(matches);
    pad.next(nextLetters(field.value, things()));
    setHidden(byId("find-hint"), field.value !== "");
    setHidden(byId("find-none"), field.value === "" || matches.length > 0);
    setText(byId("find-count"), field.value ? text("kiosk.found", { n: matches.length }) : "");
  };

  field.addEventListener("input", look);
  byId("open-find").addEventListener("click", () => {
    field.value = "";
    look();
    go("find");
  });
  onHome(() => {
    field.value = "";
  });
  let print = "";
  onChange(() => {
    const now = JSON.stringify([state.language, state.elder, state.low]);
    if (now !== print) look();
    print = now;
  });
}
