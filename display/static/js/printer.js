// Virtual printer: the newest slips as pictures.

import { Api, hallPath } from "./api.js";
import { byId, make, refill, setHidden, setText } from "./dom.js";
import { data } from "./page.js";
import { texts } from "./texts.js";

const ASK_EVERY_MS = 2000;
const SLIPS_SHOWN = 20;

const { text } = texts(data.texts);
const api = new Api({ language: data.language });

function slipElement(slip) {
  return make("figure", { class: "slip" },
    make("figcaption", {}, make("b", { class: "number" }, slip.number ?? ""), " ",
      make("span", { class: "muted" }, text("printer.printed", { at: slip.at.slice(11, 19) }))),
    make("img", { src: slip.picture, alt: slip.text }));
}

function show({ slips, strips }) {
  const newest = slips.slice(0, SLIPS_SHOWN);
  const signature = newest.map((slip) => slip.id).join(" ");
  refill(byId("slips"), signature, () => newest.map(slipElement));
  setHidden(byId("empty"), newest.length > 0);
  if (!strips) return;
  setHidden(byId("strips-part"), strips.length === 0);
  refill(byId("strips"), JSON.stringify(strips), () => strips.map((strip) =>
    make("li", { class: "strip" }, make("b", {}, strip.id), " ",
      make("span", {}, strip.text || text("printer.strip_empty")))));
}

function setState(live) {
  byId("state").dataset.state = live ? "live" : "stale";
  setText(byId("state"), text(live ? "live.live" : "printer.offline"));
}

async function ask() {
  if (!document.hidden) {
    try {
      show(await api.get(hallPath(data.hall.id, "printers", data.device.id, "slips")));
      setState(true);
    } catch {
      setState(false);
    }
  }
  setTimeout(ask, ASK_EVERY_MS);
}

ask();
