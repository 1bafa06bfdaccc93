// From the wish to the number: one ticket for one wish, whatever happens on the way.

import { hallPath } from "./api.js";
import * as confirm from "./kiosk_confirm.js";
import { Intent } from "./kiosk_intent.js";
import { onHome } from "./kiosk_screens.js";
import { aloud } from "./kiosk_speech.js";
import { change, problemText, serviceOf, state, text } from "./kiosk_state.js";
import { data } from "./page.js";

const RETRY_AFTER_MS = 2000;
const RETRIES_MAX = 15; // half a minute: then a person must help

const intent = new Intent();

// Nobody is signed in here any more: the staff must see that before the next visitor does.
export function signIn() {
  location.assign(`/login?next=${encodeURIComponent(location.pathname)}`);
}

// What asks the hall: `send()` again and again until it has answered, one way or the other.
export async function persistently(send, onSilence) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await send();
    } catch (failure) {
      if (!failure.uncertain || attempt >= RETRIES_MAX) throw failure;
      onSilence();
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS));
    }
  }
}

async function take(api, body, onTicket) {
  if (state.busy) return;
  change({ busy: true });
  confirm.say(text("kiosk.taking"));
  const path = hallPath(data.hall.id, "tickets");
  const key = intent.key(body);
  try {
    const { ticket } = await persistently(
      () => api.command("take", "POST", path, body, key),
      () => confirm.say(text("kiosk.unanswered")),
    );
    confirm.say("");
    change({ card: null }); // it went with this number
    onTicket(ticket, serviceOf(body.service));
  } catch (failure) {
    if (failure.status === 401) signIn();
    // An uncertain end keeps its key: another tap asks about the same wish.
    if (!failure.uncertain) intent.forget();
    if (failure.code === "unknown_card") change({ card: null });
    const why = problemText(failure.code, failure.facts);
    confirm.say(`${text("kiosk.failed")} · ${why}`);
    aloud(why);
  } finally {
    change({ busy: false });
  }
}

// `onTicket(ticket, service)` once the hall has given a number. A wish that the page was reloaded
// with is asked for again, with its key.
export function start(api, onTicket) {
  confirm.start((class_) => {
    const service = confirm.chosen();
    if (!service) return;
    const language = state.language === "zh" ? "zh" : "en";
    const body = { service: service.id, class: class_, language };
    if (state.elder) body.slip = "large";
    if (state.card) body.card = state.card.id;
    take(api, body, onTicket);
  });
  onHome(() => {
    api.forget("take"); // whoever comes next wants a number of his own
    intent.forget();
  });
  const wish = intent.kept();
  const service = wish && serviceOf(wish.body.service);
  if (service) {
    confirm.open(service);
    take(api, wish.body, onTicket);
  }
}
