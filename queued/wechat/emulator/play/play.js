// Plays somebody with WeChat: every press is a push to the hall, every line comes from there.

const POLL_MS = 700;
const WORDS = ["排队", "我的号", "取号", "预约", "取消", "帮助"];

const byId = (id) => document.getElementById(id);
let last = 0;
let me = "";
let shown = {};

function make(tag, attributes = {}, ...content) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "click") element.addEventListener("click", value);
    else element.setAttribute(name, value);
  }
  element.append(...content);
  return element;
}

async function act(deed, text = "") {
  await fetch(`/play/${deed}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text }),
  });
  await look();
}

function link(name, url) {
  return make("a", { class: "link", href: url, target: "_blank", rel: "noopener" }, name);
}

// Redrawn only when it differs: an open menu stays open.
function redraw(id, facts, draw) {
  const key = JSON.stringify(facts);
  if (shown[id] === key) return;
  shown[id] = key;
  byId(id).replaceChildren(...draw());
}

function line(one) {
  if (one.who !== "notice") return make("li", { class: one.who }, one.text);
  const rows = one.fields.flatMap(([label, value]) =>
    [make("dt", {}, label), make("dd", {}, value)]);
  const more = one.page ? [link("查看详情", one.page)] : [];
  return make("li", { class: "notice" }, make("b", {}, one.text), make("dl", {}, ...rows), ...more);
}

function button({ type, name, key, url }) {
  if (type === "view") return link(name, url);
  return make("button", { type: "button", click: () => act("click", key) }, name);
}

function column(one) {
  const buttons = one.sub_button.length ? one.sub_button : [one];
  return make("details", { name: "menu" }, make("summary", {}, one.name),
    make("div", {}, ...buttons.map(button)));
}

function draw(state) {
  if (state.me !== me) {
    me = state.me;
    byId("chat").replaceChildren();
  }
  for (const one of state.chat) {
    last = Math.max(last, one.n);
    const item = line(one);
    byId("chat").append(item);
    item.scrollIntoView({ block: "nearest" });
  }
  byId("follows").textContent = state.follows ? "已关注" : "未关注";
  redraw("people", [state.people, me], () => Object.entries(state.people).map(([id, name]) =>
    make("button", { "aria-pressed": String(id === me), click: () => be(id) }, name)));
  redraw("menu", state.menu, () => state.menu.map(column));
  redraw("codes", state.codes, () => state.codes.map(({ number, url, token }) => make("li", {},
    make("b", {}, number), link("扫号码页", url),
    make("button", { click: () => act("scan", token) }, "扫绑定码"))));
  const pages = state.menu.flatMap((one) => one.sub_button).filter((one) => one.type === "view");
  redraw("pages", pages, () => pages.map((one) => link(one.name, one.url)));
}

async function be(id) {
  last = 0;
  me = "";
  await act("be", id);
}

let looking = false;
async function look() {
  if (looking) return;
  looking = true;
  try {
    draw(await (await fetch(`/play/state?after=${last}`)).json());
  } catch {
    byId("follows").textContent = "连接中断";
  } finally {
    looking = false;
  }
}

byId("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("text").value;
  byId("text").value = "";
  act("write", text);
});
byId("follow").addEventListener("click", () => act("follow"));
byId("unfollow").addEventListener("click", () => act("unfollow"));
byId("words").append(...WORDS.map((word) =>
  make("button", { click: () => act("write", word) }, word)));
setInterval(look, POLL_MS);
look();
