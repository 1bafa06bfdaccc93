// Commands to the hall: CSRF, time limits, and one Idempotency-Key for one intention, so that a
// double tap or a retry after silence is still one ticket.

const TIMEOUT_MS = 8000;

export class Problem extends Error {
  // `code` as in the API; `unreachable` when there was no answer. `facts` is the whole problem.
  constructor(status, code, facts = {}) {
    super(code);
    Object.assign(this, { status, code, facts });
  }

  // Whether the command may have been done all the same: only silence and server faults.
  get uncertain() {
    return this.status === 0 || this.status >= 500;
  }
}

export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Api {
  constructor({ csrf = "", language = "zh", fetcher = (...request) => fetch(...request) } = {}) {
    Object.assign(this, { csrf, language, fetch: fetcher });
    this.intentions = new Map();
  }

  get(path) {
    return this.request("GET", path);
  }

  // Run a command as the intention `name`: while it is under way, or after an uncertain end,
  // the same body is the same intention and keeps its key. Throws `Problem`.
  // `key`: one that was kept elsewhere, for an intention that outlives the page.
  command(name, method, path, body, key = newKey()) {
    const print = JSON.stringify([method, path, body ?? null]);
    let intention = this.intentions.get(name);
    if (!intention || intention.print !== print) {
      intention = { print, key, running: null };
      this.intentions.set(name, intention);
    }
    intention.running ??= this.request(method, path, body, intention.key)
      .then(
        (answer) => {
          this.settle(name, intention);
          return answer;
        },
        (problem) => {
          if (!problem.uncertain) this.settle(name, intention);
          throw problem;
        },
      )
      .finally(() => {
        intention.running = null;
      });
    return intention.running;
  }

  // The person has turned to something else: a later command is a new intention.
  forget(name) {
    this.intentions.delete(name);
  }

  settle(name, intention) {
    if (this.intentions.get(name) === intention) this.intentions.delete(name);
  }

  async request(method, path, body, key = null) {
    const problem = await this.once(method, path, body, key);
    if (!(problem instanceof Problem)) return problem;
    if (problem.code !== "csrf") throw problem;
    await this.renew(); // the token belonged to an older session: fetch it and try once more
    const second = await this.once(method, path, body, key);
    if (second instanceof Problem) throw second;
    return second;
  }

  async renew() {
    const session = await this.once("GET", "/session");
    if (session instanceof Problem) throw session;
    this.csrf = session?.csrf ?? "";
  }

  // The answer, or a Problem (returned, not thrown).
  async once(method, path, body, key = null) {
    const headers = { Accept: "application/json", "Accept-Language": this.language };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    if (method !== "GET" && this.csrf) headers["X-CSRF-Token"] = this.csrf;
    let answer;
    try {
      answer = await this.fetch(`/api/v1${path}`, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        cache: "no-store",
        credentials: "same-origin",
      });
    } catch {
      return new Problem(0, "unreachable");
    }
    const content = await answer.json().catch(() => null);
    if (answer.ok) return content;
    return new Problem(answer.status, content?.code ?? "unknown", content ?? {});
  }
}

// The path of something below a hall, each part escaped.
export function hallPath(hall, ...parts) {
  return ["/halls", ...[hall, ...parts].map(encodeURIComponent)].join("/");
}
