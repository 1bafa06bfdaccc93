// The small caller: number, next one, and the keys of a calling pad. Drawn into a page of its own
// or into a window that stays on top of whatever the clerk works with.

import { spanText } from "./clock.js";
import { listen } from "./console_keys.js";
import { sentAs } from "./console_view.js";
import { actionName, nextFor, reasonText, spoken, words } from "./console_words.js";
import { make, setHidden, setText } from "./dom.js";
import { data, nameOf } from "./page.js";

const { text } = words;
const KEYS = [
  ["call-next", "F2"], ["recall", "F3"], ["start", "F4"], ["finish", "F8"], ["miss", "F9"],
];
const TICK_MS = 500;

function button(action, key, kind = "") {
  return make("button", {
    type: "button",
    class: `button ${kind}`,
    "aria-keyshortcuts": key.replace("Ctrl", "Control"),
    data: { does: action },
  }, make("span", { data: { label: "" } }, actionName(action)), make("kbd", {}, key));
}

// Draws into `place` and follows `session`; keys count wherever in `place`'s window the focus is.
export class Caller {
  constructor(place, session, clock) {
    Object.assign(this, { place, session, clock });
    this.number = make("p", { class: "caller-number" });
    this.state = make("p", { class: "caller-state" });
    this.next = make("p", { class: "caller-next" });
    this.message = make("p", { class: "caller-message", "aria-live": "assertive" });
    this.undo = button("undo", "Ctrl+Z", "button-danger caller-undo");
    const [call, ...others] = KEYS.map(([action, key]) =>
      button(action, key, action === "call-next" ? "button-primary caller-call" : ""));
    this.buttons = [call, ...others, this.undo];
    place.replaceChildren(
      make("div", { class: "caller-head" },
        make("b", {}, nameOf(data.window)), this.state),
      this.number, call, this.undo, make("div", { class: "caller-keys" }, ...others),
      this.next, this.message,
    );
    for (const each of this.buttons) {
      each.addEventListener("click", () => this.want(each.dataset.does));
    }
    const view = place.ownerDocument.defaultView;
    listen(place.ownerDocument, (action) => this.want(action));
    session.on((what, facts) => this.told(what, facts));
    const timer = view.setInterval(() => this.show(), TICK_MS);
    view.addEventListener("pagehide", () => view.clearInterval(timer));
    this.show();
  }

  want(action) {
    const small = this.buttons.some((each) => each.dataset.does === action);
    if (small) this.session.run(action, action === "finish" ? finished() : undefined);
    else this.say({ sentence: text("console.caller_only"), kind: "warn" });
  }

  told(what, facts) {
    const said = spoken(what, facts);
    if (said) this.say(said);
    if (what === "relieved") {
      const { clerk } = this.session.desk.window;
      this.say({ sentence: text("console.relieved_short", { clerk }), kind: "bad" });
    }
    this.show();
  }

  say({ sentence, kind }) {
    this.message.className = `caller-message notice notice-${kind}`;
    setText(this.message, sentence);
  }

  show() {
    const { session, clock } = this;
    const { desk } = session;
    const { ticket } = desk;
    setText(this.number, ticket?.number ?? text("console.no_ticket"));
    this.number.classList.toggle("plate", Boolean(ticket));
    this.number.dataset.state = ticket?.status ?? "none";
    const since = ticket && (ticket.started_at ?? ticket.called_at);
    const status = ticket ? text(`status.${ticket.status}`)
      : text(`window_status.${desk.window.status}`);
    const time = since ? ` ${spanText(clock.now() - Date.parse(since))}` : "";
    setText(this.state, session.live ? status + time : text("console.not_offline"));
    const next = desk.next
      ? text("console.caller_next", { number: desk.next.number, n: desk.waiting_count })
      : text("console.next_none");
    setText(this.next, desk.next ? `${next} · ${nextFor(desk)}` : next);
    const left = desk.undo ? Math.ceil((Date.parse(desk.undo.until) - clock.now()) / 1000) : 0;
    setHidden(this.undo, left <= 0);
    const facts = { number: desk.undo?.number ?? "", n: left };
    setText(this.undo.querySelector("[data-label]"), text("console.undo_left", facts));
    for (const each of this.buttons) {
      const reason = session.whyNot(sentAs(each.dataset.does, desk));
      each.setAttribute("aria-disabled", String(Boolean(reason)));
      each.title = reason ? reasonText(reason) : "";
    }
  }
}

// What plain "finish" says: the hall's usual outcome.
export function finished() {
  return { outcome: data.services.outcomes[0]?.id ?? "", count: 1 };
}

// A small window with the caller: on top of all others where the browser can, else a plain one.
export async function openCaller(session, clock) {
  const size = { width: 380, height: 470 };
  if (!window.documentPictureInPicture) {
    const address = `${location.pathname}/caller`;
    window.open(address, "queued-caller", `popup,width=${size.width},height=${size.height}`);
    return;
  }
  const small = await window.documentPictureInPicture.requestWindow(size);
  const { document } = small;
  for (const link of window.document.querySelectorAll('link[rel="stylesheet"]')) {
    document.head.append(link.cloneNode());
  }
  document.documentElement.lang = window.document.documentElement.lang;
  document.documentElement.dataset.theme = "light";
  document.title = nameOf(data.window);
  const place = document.createElement("main");
  place.className = "caller";
  document.body.append(place);
  new Caller(place, session, clock);
}
