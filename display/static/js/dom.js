// Small ways to build and change elements. Strings only ever become text, never markup.

export function byId(id) {
  return document.getElementById(id);
}

// make("li", {class: "row", data: {queue: "a"}, on: {click}}, "text", child, null…)
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "data") Object.assign(element.dataset, value);
    else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

// Set text only when it differs, so that screen readers and selections are left in peace.
export function setText(element, text) {
  const wanted = text === null || text === undefined ? "" : String(text);
  if (element && element.textContent !== wanted) element.textContent = wanted;
}

export function setHidden(element, hidden) {
  if (element && element.hidden !== hidden) element.hidden = hidden;
}

// Replace all children, but only when `signature` differs from the last time.
export function refill(element, signature, children) {
  if (element.dataset.signature === signature) return false;
  element.dataset.signature = signature;
  while (element.firstChild) element.firstChild.remove();
  element.append(...children());
  return true;
}

export function setPill(element, status, text) {
  element.dataset.status = status;
  setText(element, text);
}
