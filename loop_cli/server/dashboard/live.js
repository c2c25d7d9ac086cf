// What others change, as it happens: the server's event stream.
import { signal } from "./lib.js";
import * as saving from "./saving.js";
import * as session from "./session.js";
import * as vault from "./vault.js";

const AGAIN = 1_000; // milliseconds until the next try, doubled up to LONGEST
const LONGEST = 15_000;
const MANY = 40; // entities; more than that are read with the whole list
const HIDDEN = 10_000; // milliseconds for which a tab that nobody sees goes on listening
const TOGETHER = 60; // milliseconds for which changes are collected

/** Whether changes of others come in. */
export const connected = signal(false);
/** Counts changes; `last` is the newest record, or what an outside edit told. */
export const news = signal({ count: 0, last: null });

let source = null;
let last = null; // the id of the last event
let wait = AGAIN;
let timer = null;
let was = false;
const dirty = new Set();
let collecting = null;

/** Listen from now on. */
export function begin() {
  stop();
  connect();
}

export function stop() {
  clearTimeout(timer);
  source?.close();
  source = null;
  connected.value = false;
}

function connect() {
  source = new EventSource("/api/events" + (last ? `?last_id=${encodeURIComponent(last)}` : ""));
  source.addEventListener("open", () => {
    wait = AGAIN;
    connected.value = true;
    session.online.value = true;
    if (was) readAgain(); // edits outside that came meanwhile are in no log
    was = true;
  });
  source.addEventListener("change", (event) => {
    last = event.lastEventId;
    take(JSON.parse(event.data));
  });
  source.addEventListener("outside", (event) => take({ ...JSON.parse(event.data), outside: true }));
  source.addEventListener("reset", () => {
    last = null;
    readAgain();
  });
  source.addEventListener("error", failed);
}

/** The browser comes back by itself, but not where the server answered with an error. */
function failed() {
  stop();
  timer = setTimeout(probe, wait);
  wait = Math.min(wait * 2, LONGEST);
}

async function probe() {
  clearTimeout(timer);
  try {
    const answer = await fetch("/api/whoami", { headers: { "x-loop": "1" }, signal: AbortSignal.timeout(5_000) });
    session.online.value = true;
    if (answer.status === 401) {
      session.state.value = session.who.value ? "expired" : "out";
      return; // signing in begins anew
    }
    connect();
  } catch {
    session.online.value = false;
    failed();
  }
}

function take(record) {
  if (!record.entity_id) return;
  news.value = { count: news.value.count + 1, last: record };
  if (saving.isOwn(record)) return; // the answer to the save tells it
  const known = vault.known(record.entity_id);
  const etag = record.outside ? record.etag : record.metadata?.etag_after;
  if (known && known.etag === etag && !record.metadata?.path_before) return;
  if (record.action === "delete") return vault.drop(record.entity_id, record.metadata?.path ?? record.path);
  if (!vault.loaded().includes(record.entity_type)) return;
  dirty.add(record.entity_id);
  collecting ??= setTimeout(readDirty, TOGETHER);
}

async function readDirty() {
  collecting = null;
  const ids = [...dirty];
  dirty.clear();
  if (ids.length > MANY) return readAgain();
  for (const id of ids) await saving.refresh(id).catch(() => {});
}

function readAgain() {
  news.value = { count: news.value.count + 1, last: null };
  for (const type of vault.loaded()) vault.reload(type);
}

// A browser has few connections to one server, and each stream takes one: only tabs that are seen
// listen. One that is seen again asks for all that it has missed.
let leaving = null;
document.addEventListener("visibilitychange", () => {
  clearTimeout(leaving);
  if (document.hidden) leaving = setTimeout(stop, HIDDEN);
  else if (!source && session.state.value === "in") probe();
});

addEventListener("online", () => {
  if (!connected.value && session.state.value === "in") {
    clearTimeout(timer);
    probe();
  }
});
