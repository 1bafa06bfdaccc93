// What the server put into the page: the data block and the CSRF token.

export const data = JSON.parse(document.getElementById("page-data").textContent);

export function csrf() {
  return document.querySelector('meta[name="csrf"]').content;
}

// The name of a service, queue or window: the English one for all who do not read Chinese.
export function nameOf(thing) {
  return (data.language !== "zh" && thing.name_en) || thing.name;
}
