// What was typed and is not saved yet, kept in the browser's storage until it is.
//
// Every tab has drafts of its own, so that two tabs on one entity do not overwrite each other's. The
// drafts of a tab that is gone are taken over by the tab that opens the entity next.
import { uuid } from "./api.js";
import { signal } from "./lib.js";

const DRAFT = "loop:draft:";
const UNSENT = "loop:unsent:";
const TAB = "loop:tab";
const REPLY = 150; // milliseconds in which another tab answers

/** Counts the drafts that come and go. */
export const changes = signal(0);
addEventListener("storage", ({ key }) => {
  if (key?.startsWith(DRAFT)) changes.value++;
});

const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("loop") : null;
let tab = null;
let ready = null;
const hearers = new Set();

function store(name) {
  try {
    return window[name];
  } catch {
    return null; // storage is switched off; then drafts live as long as the page
  }
}
const kept = store("localStorage");
const own = store("sessionStorage");

if (channel) {
  channel.onmessage = ({ data }) => {
    if (data.ask === tab && tab) channel.postMessage({ here: tab });
    for (const hear of hearers) hear(data);
  };
}

/** Say something to the other tabs. */
export const tell = (data) => channel?.postMessage(data);
/** Be told what the other tabs say. */
export const hear = (listener) => hearers.add(listener);

/** Find out which tab this is: the same after a reload, another one in a duplicated tab. */
export function begin() {
  ready ??= nameTab();
  return ready;
}

async function nameTab() {
  const before = own?.getItem(TAB);
  tab = before && !(await isOpen(before)) ? before : uuid();
  own?.setItem(TAB, tab);
}

function isOpen(name) {
  if (!channel) return Promise.resolve(false);
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(false), REPLY);
    const listener = (data) => data.here === name && end(true);
    const end = (found) => {
      clearTimeout(timer);
      hearers.delete(listener);
      resolve(found);
    };
    hearers.add(listener);
    channel.postMessage({ ask: name });
  });
}

/** Keep a draft under a name: an entity's id, or `new:` and a type. null removes it. */
export function keep(name, draft) {
  const key = `${DRAFT}${tab}:${name}`;
  write(key, draft === null ? null : { ...draft, at: Date.now() });
}

function write(key, value) {
  try {
    const before = kept?.getItem(key) ?? null;
    if (value === null) kept?.removeItem(key);
    else kept?.setItem(key, JSON.stringify(value));
    if ((before === null) !== (value === null)) changes.value++;
  } catch {
    // the storage is full: the draft lives as long as the page
  }
}

function read(key) {
  try {
    return JSON.parse(kept?.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** The draft of a name: that of this tab, else the newest of a tab that is closed. */
export async function find(name) {
  await begin();
  const mine = read(`${DRAFT}${tab}:${name}`);
  if (mine) return mine;
  const found = keys(DRAFT)
    .map((key) => ({ key, tab: key.slice(DRAFT.length).split(":")[0], draft: read(key) }))
    .filter((one) => one.draft && one.key.slice(DRAFT.length + one.tab.length + 1) === name)
    .sort((a, b) => b.draft.at - a.draft.at);
  for (const one of found) {
    if (await isOpen(one.tab)) continue;
    write(one.key, null);
    keep(name, one.draft);
    return one.draft;
  }
  return null;
}

function keys(prefix) {
  const found = [];
  for (let at = 0; kept && at < kept.length; at++) {
    const key = kept.key(at);
    if (key.startsWith(prefix)) found.push(key);
  }
  return found;
}

/** The names of all drafts, for the list of what is not saved. */
export function names() {
  return [...new Set(keys(DRAFT).map((key) => key.slice(DRAFT.length).split(":").slice(1).join(":")))];
}

/** Keep a save that did not reach the server; its key lets the server take it only once. */
export const keepUnsent = (job) => write(UNSENT + job.key, { ...job, tab });
/** It was answered. */
export const sent = (job) => write(UNSENT + job.key, null);
/** The saves of this tab and of closed ones that were never answered, oldest first. */
export async function unsent() {
  await begin();
  const found = [];
  for (const job of keys(UNSENT).map(read).filter(Boolean)) {
    if (!(await isOpen(job.tab))) found.push(job);
  }
  return found.sort((a, b) => a.at - b.at);
}
