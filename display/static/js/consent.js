// The button that asks for consent to reminders: signed by the hall, drawn by WeChat.

import { setText } from "./dom.js";

const section = document.getElementById("consent");

async function ask() {
  const page = location.href.split("#")[0];
  const answer = await fetch(`${section.dataset.config}?url=${encodeURIComponent(page)}`);
  if (!answer.ok) return;
  const button = section.querySelector("wx-open-subscribe");
  button.addEventListener("success", ({ detail }) => {
    const said = Object.values(JSON.parse(detail.subscribeDetails || "{}"));
    const accepted = said.some((one) => JSON.parse(one).status === "accept");
    if (accepted) setText(document.getElementById("consented"), section.dataset.done);
  });
  window.wx.config({
    ...await answer.json(),
    debug: false,
    jsApiList: [],
    openTagList: ["wx-open-subscribe"],
  });
  section.hidden = false;
}

// Without WeChat's own script there is nothing to ask: the section stays hidden.
if (section && window.wx) ask();
