import assert from "node:assert/strict";
import { test } from "node:test";
import { Api, hallPath, Problem } from "../static/api.js";

const answer = (status, body) => ({
  ok: status < 300, status, json: async () => body,
});

// A hall that answers what `answers` says, in order; "silence" is a broken connection.
function given(...answers) {
  const seen = [];
  const fetcher = async (url, request) => {
    seen.push({ url, ...request });
    await Promise.resolve();
    const next = answers.shift();
    if (next === "silence") throw new TypeError("failed");
    return next;
  };
  return { api: new Api({ csrf: "c1", language: "en", fetcher }), seen };
}
const keys = (seen) => seen.map((request) => request.headers["Idempotency-Key"]);

test("a double tap is one request and one answer", async () => {
  const { api, seen } = given(answer(201, { ticket: "A1" }));
  const both = await Promise.all([
    api.command("take", "POST", "/x", { service: "a" }),
    api.command("take", "POST", "/x", { service: "a" }),
  ]);
  assert.deepEqual(both, [{ ticket: "A1" }, { ticket: "A1" }]);
  assert.equal(seen.length, 1);
  assert.match(seen[0].headers["Idempotency-Key"], /^[\x21-\x7e]{1,64}$/);
  assert.equal(seen[0].headers["X-CSRF-Token"], "c1");
});

test("a retry after silence or a server fault keeps its key", async () => {
  const { api, seen } = given("silence", answer(503, { code: "not_ready" }), answer(201, {}));
  for (const code of ["unreachable", "not_ready"]) {
    const taken = api.command("take", "POST", "/x", { service: "a" });
    await assert.rejects(taken, { code, uncertain: true });
  }
  await api.command("take", "POST", "/x", { service: "a" });
  assert.equal(new Set(keys(seen)).size, 1);
});

test("after an answer, another body or another person the key is new", async () => {
  const { api, seen } = given(
    answer(201, {}), answer(201, {}), "silence", "silence",
    answer(409, { code: "queue_full" }), answer(201, {}),
  );
  const take = (service) => api.command("take", "POST", "/x", { service });
  await take("a");
  await take("a");
  await assert.rejects(take("a"));
  api.forget("take");
  await assert.rejects(take("a"));
  await assert.rejects(take("b"), { code: "queue_full", uncertain: false });
  await take("b");
  assert.equal(new Set(keys(seen)).size, 6);
});

test("an expired CSRF token is renewed once, the intention stays the same", async () => {
  const { api, seen } = given(
    answer(403, { code: "csrf" }), answer(200, { csrf: "c2" }), answer(200, {}),
  );
  await api.command("window", "POST", "/x", {});
  const urls = seen.map((request) => request.url);
  assert.deepEqual(urls, ["/api/v1/x", "/api/v1/session", "/api/v1/x"]);
  assert.equal(seen[2].headers["X-CSRF-Token"], "c2");
  assert.equal(seen[0].headers["Idempotency-Key"], seen[2].headers["Idempotency-Key"]);
});

test("a second CSRF refusal is told", async () => {
  const no = answer(403, { code: "csrf" });
  const { api } = given(no, answer(200, { csrf: "c2" }), no);
  await assert.rejects(api.command("window", "POST", "/x", {}), { code: "csrf" });
});

test("an answer that is not JSON is still a problem with a status", async () => {
  const broken = { ok: false, status: 502, json: async () => JSON.parse("<html>") };
  const { api } = given(broken);
  const bad = (problem) => problem instanceof Problem && problem.status === 502;
  await assert.rejects(api.get("/x"), bad);
});

test("paths are escaped", () => {
  assert.equal(hallPath("a/b", "windows", "1 2"), "/halls/a%2Fb/windows/1%202");
});
