// The kiosk: choose a service, see what to bring, get a number. Never shows a number the hall did
// not give. The parts are in the kiosk_*.js beside this one; here they meet. Only kiosk_card.js
// comes by itself, where there is a reader.

import { Api, hallPath } from "./api.js";
import { byId, setHidden, setText } from "./dom.js";
import * as checkin from "./kiosk_checkin.js";
import * as choice from "./kiosk_choice.js";
import * as confirm from "./kiosk_confirm.js";
import * as find from "./kiosk_find.js";
import { guard } from "./kiosk_guard.js";
import * as modes from "./kiosk_modes.js";
import * as result from "./kiosk_result.js";
import * as screens from "./kiosk_screens.js";
import { change, clock, onChange, state, text } from "./kiosk_state.js";
import * as take from "./kiosk_take.js";
import { follow } from "./live.js";
import { csrf, data } from "./page.js";

const LOOK_AGAIN_MS = 60000; // what is offered may have been changed by the administration
const RENEWED_AFTER_MS = 20 * 3600000; // once a day, so that a new version of the page gets in
const QUIET_HOURS = ["03", "04"];

const api = new Api({ csrf: csrf(), language: data.language });
const startedAt = performance.now();

function showTime() {
  const now = clock.text(clock.now(), 5);
  setText(byId("clock"), now);
  if (!now) return;
  const day = new Date(`${clock.day()}T12:00:00Z`);
  const style = { month: "long", day: "numeric", weekday: "long", timeZone: "UTC" };
  setText(byId("date"), day.toLocaleDateString(document.documentElement.lang, style));
}

function showState() {
  const notice = state.live || screens.current() === "choose" ? "" : text("kiosk.reconnecting");
  setText(byId("notice"), notice);
  setHidden(byId("notice"), !notice);
  byId("kiosk").dataset.live = state.live ? "yes" : "no";
  byId("kiosk").dataset.open = state.snapshot.open ? "yes" : "no";
  showTime();
}

function nobodyHere() {
  return screens.current() === "choose" && state.live && !state.busy;
}

async function lookAgain() {
  if (!nobodyHere()) return;
  const old = performance.now() - startedAt > RENEWED_AFTER_MS;
  try {
    const services = await api.get(hallPath(data.hall.id, "services"));
    if (!nobodyHere()) return;
    if (JSON.stringify(services) !== JSON.stringify(state.services)) change({ services });
    // The hall has just answered: the reload will not end on the browser's own error page.
    if (old && QUIET_HOURS.includes(clock.text(clock.now(), 2))) location.reload();
  } catch {
    // Not now; the live stream says when the hall does not answer.
  }
}

function onTicket(ticket) {
  result.showTicket(ticket);
}

guard();
modes.start();
choice.start(confirm.open);
find.start(confirm.open);
result.start(api);
checkin.start(api);
onChange(() => {
  api.language = state.language;
  showState();
});
screens.onShown(showState);
screens.start();
take.start(api, onTicket);
setInterval(showTime, 1000);
setInterval(lookAgain, LOOK_AGAIN_MS);
follow({
  hall: data.hall.id,
  initial: state.snapshot,
  clock,
  onSnapshot: (snapshot) => change({ snapshot }),
  onState: ({ live }) => change({ live }),
});
change({});
