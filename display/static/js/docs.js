// Shows openapi.json as a page: every operation, its parameters, bodies and answers.

import { byId, make, setHidden, setText } from "./dom.js";
import { data } from "./page.js";
import { schemaText } from "./schema.js";
import { texts } from "./texts.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

const { text } = texts(data.texts);
const words = { oneOf: text("docs.one_of"), listOf: text("docs.list_of") };

function contentOf(part) {
  const lines = Object.entries(part?.content ?? {}).map(([type, media]) =>
    make("div", {}, make("code", {}, type), " ", make("code", { class: "schema" },
      schemaText(media.schema, words))));
  return lines;
}

function parameterRow(parameter) {
  return make("tr", {},
    make("td", {}, make("code", {}, parameter.name)),
    make("td", {}, parameter.in),
    make("td", {}, text(parameter.required ? "docs.required" : "docs.optional")),
    make("td", {}, make("code", { class: "schema" }, schemaText(parameter.schema, words))),
    make("td", {}, parameter.description ?? ""));
}

function part(title, ...content) {
  const filled = content.flat().filter(Boolean);
  return filled.length ? make("section", {}, make("h4", {}, title), ...filled) : null;
}

function operation(path, method, shared, described) {
  const parameters = [...(shared ?? []), ...(described.parameters ?? [])];
  const answers = Object.entries(described.responses ?? {}).map(([status, answer]) =>
    make("div", { class: "answer" }, make("b", {}, status), " ", answer.description ?? "",
      ...contentOf(answer)));
  const search = `${method} ${path} ${described.summary ?? ""}`.toLowerCase();
  return make("details", { class: "operation", data: { search } },
    make("summary", {}, make("b", { class: "method", data: { method } }, method.toUpperCase()),
      " ", make("code", {}, path), " ", make("span", { class: "muted" }, described.summary ?? "")),
    described.description ? make("p", { class: "prose" }, described.description) : null,
    part(text("docs.parameters"), parameters.length
      ? make("table", {}, make("tbody", {}, ...parameters.map(parameterRow))) : null),
    part(text("docs.body"), contentOf(described.requestBody)),
    part(text("docs.responses"), answers));
}

function schemaBlock([name, schema]) {
  return make("details", { class: "operation", id: `schema-${name}`,
    data: { search: name.toLowerCase() } },
    make("summary", {}, make("code", {}, name), " ",
      make("span", { class: "muted" }, schema.title && schema.title !== name ? schema.title : "")),
    schema.description ? make("p", { class: "prose" }, schema.description) : null,
    make("pre", {}, make("code", {}, schemaText(schema, words, 0, true))));
}

function show(document_) {
  setText(byId("version"), document_.info?.version ?? "");
  const operations = Object.entries(document_.paths ?? {}).flatMap(([path, methods]) =>
    METHODS.filter((method) => methods[method]).map((method) =>
      operation(path, method, methods.parameters, methods[method])));
  byId("operations").replaceChildren(...operations);
  const schemas = Object.entries(document_.components?.schemas ?? {}).map(schemaBlock);
  if (schemas.length) {
    byId("schemas").replaceChildren(make("h2", {}, text("docs.schemas")), ...schemas);
  }
  setText(byId("message"), "");
}

byId("filter").addEventListener("input", (event) => {
  const wanted = event.target.value.trim().toLowerCase();
  for (const each of document.querySelectorAll("[data-search]")) {
    setHidden(each, !each.dataset.search.includes(wanted));
  }
});

try {
  const answer = await fetch("/api/v1/openapi.json");
  if (!answer.ok) throw new Error(String(answer.status));
  show(await answer.json());
} catch (failure) {
  setText(byId("message"), text("docs.failed", { detail: failure.message }));
}
