// The dialogs of the console: each collects a body for one action.

import { byId, make } from "./dom.js";
import { data, nameOf } from "./page.js";

function transferBody(form) {
  const kind = form.get("kind");
  return form.get(kind) ? { [kind]: form.get(kind), place: "keep" } : null;
}

const BODIES = {
  transfer: transferBody,
  park: (form) => ({ reason: form.get("reason") }),
  pause: (form) => ({ reason: form.get("reason") }),
  "finish-other": (form) => ({ outcome: form.get("outcome") }),
  call: (form) => {
    const number = form.get("number").trim().toUpperCase();
    return number ? { number } : null;
  },
};

function showKind(form) {
  const kind = new FormData(form).get("kind");
  for (const field of form.querySelectorAll("[data-kind]")) {
    field.hidden = field.dataset.kind !== kind;
  }
}

function fillTransfer(form, { desk, snapshot }) {
  const others = (snapshot?.windows ?? []).filter((window) => window.id !== data.window.id);
  form.elements.window.replaceChildren(
    ...others.map((window) => make("option", { value: window.id }, nameOf(window))),
  );
  // Another queue than the one it is in, so that Enter does something.
  const options = [...form.elements.queue.options];
  const other = options.find((option) => option.value !== desk.ticket?.queue);
  if (other) form.elements.queue.value = other.value;
}

export function openDialog(name, facts) {
  const dialog = byId(`dialog-${name}`);
  const form = dialog.querySelector("form");
  form.reset();
  if (name === "transfer") {
    fillTransfer(form, facts);
    showKind(form);
  }
  dialog.showModal();
  const first = form.querySelector("input:checked, input, select");
  first?.focus();
}

export function setUpDialogs(run) {
  for (const form of document.querySelectorAll("form[data-dialog]")) {
    const name = form.dataset.dialog;
    const dialog = byId(`dialog-${name}`);
    form.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
    form.addEventListener("change", () => showKind(form));
    form.addEventListener("submit", () => {
      const body = BODIES[name](new FormData(form));
      if (body) run(name, body);
    });
  }
}
