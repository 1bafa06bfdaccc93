// The dialogs of the console: one element, one table. A digit chooses, Enter confirms, Esc leaves;
// the browser keeps the focus inside and gives it back to where it was.

import { chosen } from "./console_keys.js";
import { outcomeName, words } from "./console_words.js";
import { byId, make, setHidden, setText } from "./dom.js";
import { data, nameOf } from "./page.js";

const { text, wordFor } = words;
const PARK_REASONS = ["documents", "form", "payment", "other"];
const PAUSE_REASONS = ["break", "lunch", "meeting", "training", "fault", "other"];

function reasons(names) {
  return names.map((name) => ({ value: name, label: wordFor("reason", name) }));
}

// Another queue than the one the ticket is in, then the open windows but this one.
function transferTargets({ desk, snapshot }) {
  const queues = data.services.queues
    .filter((queue) => queue.id !== desk.ticket?.queue)
    .map((queue) => ({ value: `queue ${queue.id}`, label: `${queue.letter} ${nameOf(queue)}` }));
  const windows = (snapshot?.windows ?? [])
    .filter((window) => window.id !== data.window.id && window.status !== "closed")
    .map((window) => ({ value: `window ${window.id}`, label: nameOf(window) }));
  return [...queues, ...windows];
}

function aside({ desk }) {
  const listed = (tickets, kind) => tickets.map((ticket) => ({
    value: ticket.number,
    label: `${ticket.number} · ${text(`status.${kind}`)} ` +
      wordFor("reason", ticket.reason ?? ""),
  }));
  return [...listed(desk.parked, "parked"), ...listed(desk.missed, "missed")];
}

// action → {choices(session), fields shown, body(choice, fields) or null when incomplete}
const DIALOGS = {
  transfer: {
    choices: transferTargets,
    body: (choice) => {
      const [kind, id] = choice.split(" ");
      return { [kind]: id, place: "keep" };
    },
  },
  park: { choices: () => reasons(PARK_REASONS), body: (reason) => ({ reason }) },
  pause: {
    choices: () => reasons(PAUSE_REASONS),
    fields: ["text"],
    body: (reason, fields) => ({ reason: fields.text.trim() || reason }),
  },
  "finish-other": {
    choices: () => data.services.outcomes.map(({ id }) => ({ value: id, label: outcomeName(id) })),
    fields: ["count"],
    body: (outcome, fields) => ({ outcome, count: Number(fields.count) || 1 }),
  },
  call: {
    fields: ["number"],
    body: (_, fields) => {
      const number = fields.number.trim().toUpperCase();
      return number ? { number } : null;
    },
  },
  unpark: { choices: aside, body: (number) => ({ number }) },
  "take-over": { body: () => ({ take_over: true }) },
};

export function hasDialog(action) {
  return action in DIALOGS;
}

// What the dialog says under its title; {facts} of the desk.
function lead(action, { desk }) {
  const { clerk, since } = desk.window;
  const facts = { clerk, at: (since ?? "").slice(11, 16), number: desk.ticket?.number ?? "" };
  const key = action === "take-over" && desk.ticket ? "take_over_busy" : action;
  return text(`console.${key.replaceAll("-", "_")}_note`, facts);
}

export class Dialog {
  // `send(action, body)` is called with what was confirmed.
  constructor(send) {
    Object.assign(this, { send, action: null, number: 0 });
    this.element = byId("dialog");
    this.form = this.element.querySelector("form");
    this.form.addEventListener("submit", (event) => this.confirm(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("close", () => { this.action = null; });
    byId("dialog-cancel").addEventListener("click", () => this.element.close());
  }

  get isOpen() {
    return this.element.open;
  }

  open(action, session) {
    const described = DIALOGS[action];
    const choices = described.choices?.(session) ?? [];
    Object.assign(this, { action, number: 0 });
    this.form.reset();
    const name = action.replaceAll("-", "_");
    const facts = { number: session.desk.ticket?.number ?? "" };
    setText(byId("dialog-title"), text(`console.${name}_title`, facts));
    setText(byId("dialog-lead"), lead(action, session));
    setText(byId("dialog-keys"), choices.length ? text("console.dialog_keys") : "");
    this.fill(choices, described);
    for (const field of this.form.querySelectorAll("[data-field]")) {
      const shown = described.fields?.includes(field.dataset.field) ?? false;
      setHidden(field, !shown);
      field.querySelector("input").disabled = !shown;
    }
    this.element.dataset.kind = name;
    if (!this.isOpen) this.element.showModal();
    this.form.querySelector("input:checked, [data-field]:not([hidden]) input, [type=submit]")
      ?.focus();
  }

  fill(choices, described) {
    const box = byId("dialog-choices");
    setHidden(box, !described.choices);
    box.replaceChildren(...choices.map(({ value, label }, index) =>
      make("label", { class: "choice" },
        make("input", { type: "radio", name: "choice", value, checked: index === 0 }),
        make("kbd", { "aria-hidden": "true" }, String(index + 1)),
        make("span", {}, label))));
    if (described.choices && !choices.length) {
      box.replaceChildren(make("p", { class: "muted" }, text("console.nothing_to_choose")));
    }
  }

  close() {
    if (this.isOpen) this.element.close();
  }

  key(event) {
    const writing = event.target.matches("input:not([type=radio])");
    const counting = event.target.matches("[type=number]");
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (/^[0-9]$/.test(event.key) && !writing) this.choose(Number(event.key));
    else if (["+", "=", "-"].includes(event.key) && (!writing || counting)) this.count(event.key);
    else if (event.key === "Enter" && event.target.matches("[type=radio]")) {
      this.form.requestSubmit();
    } else return;
    event.preventDefault();
  }

  choose(digit) {
    const radios = [...this.form.querySelectorAll("[name=choice]")];
    this.number = chosen(this.number, digit, radios.length);
    const radio = radios[this.number - 1];
    if (!radio) return;
    radio.checked = true;
    radio.focus();
  }

  count(key) {
    const input = this.form.elements.count;
    if (input.disabled) return;
    if (key === "-") input.stepDown();
    else input.stepUp();
  }

  confirm(event) {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(this.form));
    const described = DIALOGS[this.action];
    if (!described || (described.choices && !fields.choice)) return;
    const body = described.body(fields.choice, fields);
    if (!body) return;
    const { action } = this;
    this.element.close();
    this.send(action, body);
  }
}
