// A kiosk that was switched on comes here from its own start page, which is a file. Browsers do not
// send a session along on the way from there, though the kiosk has one: so ask once more from
// here. Who really is not signed in comes back and sees the form.

import { data } from "./page.js";

const TRIED = "queued.login.tried";
const KIOSK = /^\/h\/[a-z0-9-]+\/kiosk(\?|$)/;

function fromOutside() {
  return !document.referrer.startsWith(location.origin);
}

function onceMore() {
  try {
    if (sessionStorage.getItem(TRIED)) return false;
    sessionStorage.setItem(TRIED, "yes");
    return true;
  } catch {
    return false; // without storage it could go round for ever
  }
}

if (KIOSK.test(data.next ?? "") && fromOutside() && onceMore()) location.replace(data.next);
