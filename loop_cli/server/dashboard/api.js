// Requests to the server. Every failure is a `Failure` whose message is text for a person.
import * as session from "./session.js";
import { t } from "./words.js";

const PATIENCE = 60_000; // milliseconds
const AGAIN = 1_000;

export class Failure extends Error {
  /** `status` 0: the server was not reached. `data` is the object of the error. */
  constructor(status, data) {
    const said = data && (data.message || data.error);
    super(typeof said === "string" && said ? said : t("failed", { status }));
    this.status = status;
    this.data = data || {};
  }

  get offline() {
    return this.status === 0;
  }

  get signedOut() {
    return this.status === 401;
  }

  get conflict() {
    return (this.status === 409 || this.status === 412) && this.data.code === "conflict";
  }

  get missing() {
    return this.status === 404 && this.data.code === "not_found";
  }

  get busy() {
    return this.status === 503;
  }
}

/** A UUID v4. `crypto.randomUUID` is only there where the page came by https or from this machine. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const entityPath = (id) => `/api/entities/${encodeURIComponent(id)}`;

/** Send a request. `body` is sent as JSON, `lines` as one JSON line each. Returns the data. */
export async function ask(method, path, { body, lines, headers = {}, query = {} } = {}) {
  const given = { Accept: "application/json", "x-loop": "1", ...headers };
  const init = { method, headers: given, signal: AbortSignal.timeout(PATIENCE) };
  if (body !== undefined) {
    given["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  } else if (lines !== undefined) {
    given["Content-Type"] = "application/x-ndjson";
    init.body = lines.map((one) => JSON.stringify(one) + "\n").join("");
  }
  let answer, text;
  try {
    answer = await fetch(path + asQuery(query), init);
    text = await answer.text();
  } catch {
    session.online.value = false;
    lookForServer();
    throw new Failure(0, { message: t("unreachable"), code: "unreachable" });
  }
  session.online.value = true;
  const data = parsed(text, answer, lines !== undefined);
  if (answer.ok) return data;
  if (answer.status === 401) {
    session.state.value = session.who.value ? "expired" : "out";
  }
  throw new Failure(answer.status, data);
}

let looking = null;

/** Ask until there is an answer: saves wait for it. */
function lookForServer() {
  clearTimeout(looking);
  if (session.online.value) return;
  looking = setTimeout(async () => {
    try {
      await fetch("/health", { signal: AbortSignal.timeout(AGAIN * 5) });
      session.online.value = true;
    } catch {
      lookForServer();
    }
  }, AGAIN);
}

function asQuery(query) {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).filter((one) => one != null).map((one) => [name, one]),
  );
  return pairs.length ? "?" + new URLSearchParams(pairs) : "";
}

function parsed(text, answer, many) {
  try {
    if (many && answer.ok) return text.split("\n").filter(Boolean).map((one) => JSON.parse(one));
    return text ? JSON.parse(text) : null;
  } catch {
    return { message: t("failed", { status: answer.status }) };
  }
}

export const whoami = () => ask("GET", "/api/whoami");
export const signIn = (token) => ask("POST", "/sign-in", { body: { token } });
export const signOut = () => ask("POST", "/api/sign-out", { body: {} });
export const one = (id, path) => ask("GET", entityPath(id), { query: { path } });
export const list = (query) => ask("GET", "/api/entities", { query });
export const history = (id, path) => ask("GET", `${entityPath(id)}/history`, { query: { limit: 50, path } });
export const recordsOf = (id) => ask("GET", `/api/audit/entity/${encodeURIComponent(id)}`, { query: { limit: 50 } });
export const audit = (query) => ask("GET", "/api/audit", { query });
export const search = (q, query) => ask("GET", "/api/search", { query: { q, ...query } });
export const merge = (body) => ask("POST", "/api/merge", { body });
export const change = (id, line, { key, run, dry }) =>
  ask("PATCH", entityPath(id), {
    body: line,
    headers: dry ? {} : { "Idempotency-Key": key, "X-Run-Id": run },
    query: dry ? { dry_run: true } : {},
  });
export const create = (body, key, run) =>
  ask("POST", "/api/entities", { body, headers: { "Idempotency-Key": key, "X-Run-Id": run } });
export const remove = (id, etag, { path, run, ...how }) =>
  ask("DELETE", entityPath(id), {
    headers: { "If-Match": `"${etag}"`, "X-Run-Id": run },
    query: { path, ...how },
  });
export const apply = (lines, run) => ask("POST", "/api/apply", { lines, headers: { "X-Run-Id": run } });
export const undo = (runId, { run, dry, rebase } = {}) =>
  ask("POST", "/api/undo", {
    body: { run_id: runId },
    headers: run ? { "X-Run-Id": run } : {},
    query: { ...(dry ? { dry_run: true } : {}), ...(rebase ? { on_conflict: "rebase" } : {}) },
  });
