// The cards of a board: the announced call, the calls before it, windows, queues. They only build.

import { breadth } from "./board_tiles.js";
import { make } from "./dom.js";
import { nameOf } from "./page.js";
import { queueHeadline } from "./waits.js";

// `text` says a key in the page's language, `second` (or null) in the other one, `language`.
export function boardCards(text, second, language) {
  function inSecond(key) {
    return second && make("span", { class: "second", lang: language }, second(key));
  }

  function hero(call, name, fresh) {
    const card = make("li", { class: "call call-hero", data: { fresh } },
      make("span", { class: "call-label" },
        text(fresh ? "board.calling_now" : "board.latest"),
        inSecond(fresh ? "board.calling_now" : "board.latest")),
      make("b", { class: "plate number" }, call.number),
      make("span", { class: "call-to" },
        make("span", { class: "call-verb" },
          `${text("board.call_to")} `, inSecond("board.call_to")),
        make("strong", {}, name)),
      make("span", { class: "call-times" },
        call.times > 1 ? text("board.times", { n: call.times }) : ""));
    card.style.setProperty("--digits", call.number.length);
    card.style.setProperty("--letters", breadth(name)); // as large as they fit
    return card;
  }

  function line(call, name) {
    return make("li", { class: "call" },
      make("b", { class: "number" }, call.number),
      make("span", { class: "call-to" }, make("span", { class: "call-verb" },
        `${text("board.call_to")} `), make("strong", {}, name)),
      make("span", { class: "call-times" },
        call.times > 1 ? text("board.times", { n: call.times }) : call.at.slice(11, 16)));
  }

  function tile(window, state) {
    const said = window.reason ? `reason.${window.reason}` : `window_status.${state}`;
    return [
      make("span", { class: "window-name" }, nameOf(window)),
      window.number
        ? make("b", { class: state === "calling" ? "plate number" : "number" }, window.number)
        : make("span", { class: "window-none" }, text(`window_status.${state}`)),
      make("span", { class: "window-state" }, window.number || window.reason ? text(said) : ""),
    ];
  }

  function queue(each) {
    const next = each.status === "open" ? each.order[0] : null;
    return make("li", { class: "queue", data: { status: each.status } },
      make("span", { class: "queue-line" },
        make("span", { class: "queue-name" }, make("i", { class: "figure" }, each.letter),
          ` ${nameOf(each)}`),
        next && make("span", { class: "queue-next" }, `${text("board.next")} `,
          make("span", { class: "figure" }, next))),
      make("span", { class: "queue-line" },
        make("span", { class: "queue-wait" }, queueHeadline(text, each)),
        make("b", {}, text("board.people", { n: each.waiting }))));
  }

  return { hero, line, tile, queue };
}
