// An appointment's code or a slip's QR code, scanned anywhere or typed here.

import { hallPath } from "./api.js";
import { byId, setHidden, setText } from "./dom.js";
import * as confirm from "./kiosk_confirm.js";
import { makePad } from "./kiosk_pad.js";
import { showTicket } from "./kiosk_result.js";
import { listen } from "./kiosk_scan.js";
import { go, onHome } from "./kiosk_screens.js";
import { aloud } from "./kiosk_speech.js";
import { change, onChange, problemText, serviceOf, state, text } from "./kiosk_state.js";
import { persistently, signIn } from "./kiosk_take.js";
import { data } from "./page.js";

const TYPED_MIN = 4; // the shortest code

let api = null;
let refusal = null; // {code, facts} that is being shown

function titleFor(told) {
  if (told.kind === "ticket") return told.new ? "kiosk.arrived" : "kiosk.your_number";
  return told.new ? "kiosk.checked_in" : "kiosk.checked_in_before";
}

function showMessage(kind, sentence) {
  byId("checkin-message").className = `notice notice-${kind}`;
  setText(byId("checkin-message"), sentence);
  setHidden(byId("checkin-message"), !sentence);
}

function showRefusal() {
  if (!refusal) return;
  const { code, facts } = refusal;
  const why = problemText(code, facts);
  showMessage("warn", why);
  aloud(why);
  // Late, but here: the number of everybody else is one tap away.
  setHidden(byId("walk-in"), !(code === "appointment_late" && serviceOf(facts.service)));
}

function clear() {
  refusal = null;
  showMessage("", "");
  setHidden(byId("walk-in"), true);
}

async function checkIn(code) {
  if (state.busy) return;
  clear();
  go("checkin");
  change({ busy: true });
  showMessage("", text("kiosk.looking"));
  const body = { code, language: state.language === "zh" ? "zh" : "en" };
  if (state.elder) body.slip = "large";
  try {
    const told = await persistently(
      () => api.command("checkin", "POST", hallPath(data.hall.id, "checkin"), body),
      () => showMessage("warn", text("kiosk.unanswered")),
    );
    if (!told.today) refusal = { code: "kiosk_old_ticket", facts: {} };
    else {
      const printing = told.new && told.kind === "appointment";
      showTicket(told.ticket, { title: titleFor(told), printing });
    }
  } catch (failure) {
    if (failure.status === 401) signIn();
    refusal = { code: failure.code, facts: failure.facts };
  } finally {
    change({ busy: false });
    if (refusal) showRefusal();
    else clear();
    byId("code").value = "";
    ready();
  }
}

function ready() {
  byId("check").disabled = state.busy || byId("code").value.length < TYPED_MIN;
}

export function start(its) {
  api = its;
  const field = byId("code");
  makePad(byId("code-pad"), field, { digits: true });
  listen((code) => checkIn(code));
  field.addEventListener("input", () => {
    clear();
    ready();
  });
  byId("check").addEventListener("click", () => checkIn(field.value));
  byId("open-checkin").addEventListener("click", () => {
    clear();
    field.value = "";
    ready();
    go("checkin");
  });
  byId("walk-in").addEventListener("click", () => confirm.open(serviceOf(refusal.facts.service)));
  onHome(() => {
    api.forget("checkin");
    field.value = "";
    clear();
  });
  let language = state.language;
  onChange(() => {
    ready();
    if (state.language !== language) showRefusal();
    language = state.language;
  });
}
