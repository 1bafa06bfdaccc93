// A ticket's story: only its print button needs a script.

import { byId, setHidden } from "./dom.js";

const button = byId("print");
if (button) {
  setHidden(button, false);
  button.addEventListener("click", () => print());
}
