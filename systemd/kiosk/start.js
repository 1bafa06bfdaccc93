// Waits until the hall answers, then shows its kiosk page. This file is on the kiosk itself: after
// a power cut it is there before the hall is, and no visitor sees a browser's error page.
// The page to show stands after the # of this one's address.

"use strict";

const ASK_EVERY_MS = 2000;

document.addEventListener("contextmenu", (event) => event.preventDefault());

function wanted() {
  try {
    const page = new URL(decodeURIComponent(location.hash.slice(1)));
    return ["http:", "https:"].includes(page.protocol) ? page : null;
  } catch {
    return null;
  }
}

async function answers(page) {
  try {
    // Whatever it answers, it is there: a hall listens only once its journal is read.
    const signal = AbortSignal.timeout(ASK_EVERY_MS);
    await fetch(new URL("/healthz", page), { mode: "no-cors", cache: "no-store", signal });
    return true;
  } catch {
    return false;
  }
}

async function wait(page) {
  while (!(await answers(page))) {
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  location.replace(page);
}

const page = wanted();
if (page) {
  wait(page);
} else {
  document.getElementById("title").textContent = "没有设置取号页面";
  document.getElementById("hint").textContent =
    "请在 /etc/queued/kiosk 中写明 KIOSK_PAGE=http://…/h/…/kiosk";
}
