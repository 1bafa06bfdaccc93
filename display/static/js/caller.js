// The small caller as a page of its own.

import { Caller } from "./console_caller.js";
import { linked, signIn } from "./console_link.js";
import { byId } from "./dom.js";

const { session, clock, start } = linked();
session.on((what) => {
  if (what === "signed-out") signIn();
});
new Caller(byId("main"), session, clock);
start();
