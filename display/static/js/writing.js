// The form of a page: its preview follows what is typed, drawn by the server as visitors get it.

const PAUSE_MS = 600; // between two words one thinks for longer

const form = document.getElementById("page-form");
let timer = 0;
let asked = 0;
let changed = false;

async function preview() {
  asked += 1;
  const mine = asked;
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form)) fields.append(name, value);
  fields.set("do", "preview");
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields });
    const text = await answer.text();
    if (mine !== asked) return; // something newer is on its way
    const drawn = new DOMParser().parseFromString(text, "text/html").getElementById("preview");
    if (drawn && answer.ok) {
      document.getElementById("preview").replaceWith(document.adoptNode(drawn));
    }
  } catch {
    // No line: the button tries again, and what was typed is still in the form.
  }
}

form.addEventListener("input", () => {
  changed = true;
  clearTimeout(timer);
  timer = setTimeout(preview, PAUSE_MS);
});
form.addEventListener("submit", () => {
  changed = false;
});
addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault(); // the browser asks whether to lose what was typed
});
preview();
