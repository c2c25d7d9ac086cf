// What is typed into the form of an entity, from the first key to the save.
//
// A form has a base: the state that it was filled from. It takes a newer one only when the person
// asks for it, or when the newer one is of the person's own saves.
import * as api from "./api.js";
import * as drafts from "./drafts.js";
import { fromRaw, kindOf, same, toRaw } from "./kinds.js";
import { signal } from "./lib.js";
import * as saving from "./saving.js";
import * as vault from "./vault.js";

const SOON = 200; // milliseconds after a key, for the draft
const open = new Map();

/**
 * The form of an entity: a signal of {id, base, latest, raw: {field: text}, body, errors, state,
 * changes, failure}. `state`: "loading", "ready", "saving", "gone", "failed". `latest` is the state
 * now; `changes` tell what others did between `base` and `latest`.
 */
export function formOf(id, path) {
  const key = path ? `${id}\n${path}` : id;
  if (!open.has(key)) {
    const form = signal({ id, path, state: "loading", raw: {}, body: null, errors: {}, base: null, latest: null, changes: null });
    open.set(key, form);
    fill(form);
  }
  return open.get(key);
}

/** The state that the form of an entity shows; null where none is open. */
export const shownOf = (id, path) => open.get(path ? `${id}\n${path}` : id)?.value.base ?? null;

/** Nobody looks at the form any more; one with something typed stays. */
export function close(form) {
  const { state } = form.value;
  if (state === "saving" || isDirty(form.value)) return;
  for (const [key, one] of open) if (one === form) open.delete(key);
}

const change = (form, more) => {
  form.value = { ...form.value, ...more };
};

/** Read the entity, and what was typed before and is not saved. */
export async function fill(form) {
  const { id, path } = form.value;
  change(form, { state: "loading" });
  const draft = await drafts.find(id);
  let entity = null;
  try {
    entity = await api.one(id, path);
    vault.put(entity);
  } catch (failure) {
    const state = failure.missing ? "gone" : "failed";
    change(form, { state, failure, ...(draft ? ofDraft(draft) : {}) });
    return;
  }
  const base = draft?.base ?? entity;
  change(form, { state: "ready", base, latest: entity, failure: null, ...(draft ? ofDraft(draft) : { raw: {}, body: null }) });
  await catchUp(form);
}

const ofDraft = (draft) => ({ base: draft.base, raw: draft.raw || {}, body: draft.body ?? null, fromDraft: draft.at });

/** The kind of control that a field has in this form. */
export const kindIn = (form, name) =>
  kindOf(form.value.base.entity_type, name, form.value.base.fields[name]);

/** The text that a control shows. */
export function rawOf(form, name) {
  const { raw, base } = form.value;
  if (name in raw) return raw[name];
  return toRaw(kindIn(form, name).kind, base.fields[name]);
}

export function type(form, name, text) {
  const { [name]: _error, ...errors } = form.value.errors;
  const raw = { ...form.value.raw, [name]: text };
  const { value } = fromRaw(kindIn(form, name), text, form.value.base.fields[name]);
  if (value !== undefined && same(value, form.value.base.fields[name])) delete raw[name];
  change(form, { raw, errors });
  keepSoon(form);
}

export function typeBody(form, text) {
  change(form, { body: text === form.value.base.body ? null : text });
  keepSoon(form);
}

const timers = new Map();

function keepSoon(form) {
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => keepNow(form), SOON));
}

function keepNow(form) {
  clearTimeout(timers.get(form));
  if (!timers.delete(form)) return;
  const { id, base, raw, body } = form.value;
  const { entity_id, entity_type, path, etag, updated_at, fields } = base;
  const kept = { entity_id, entity_type, path, etag, updated_at, fields, body: base.body };
  drafts.keep(id, isDirty(form.value) ? { base: kept, raw, body } : null);
}

const keepAll = () => [...timers.keys()].forEach(keepNow);
addEventListener("pagehide", keepAll);
addEventListener("visibilitychange", keepAll);

export const isDirty = ({ raw, body }) => body !== null || Object.keys(raw).length > 0;

/** The entities that have something typed and not saved. */
export function unsaved() {
  return [...new Set([...[...open.values()].filter((one) => isDirty(one.value)).map((one) => one.value.id), ...drafts.names()])];
}

/** Drop what was typed, and show the entity as it is now. */
export async function reload(form) {
  change(form, { raw: {}, body: null, errors: {}, fromDraft: null });
  timers.set(form, 0);
  keepNow(form);
  await fill(form);
}

/** Put a change into the form as if it had been typed, on the state that it was made from. */
export function adopt(id, path, base, { set = {}, body }) {
  const form = formOf(id, path);
  const place = () => {
    const from = base.fields ? { ...form.value.latest, ...base, body: base.body ?? form.value.latest?.body } : form.value.base;
    const entity_type = from.entity_type ?? form.value.latest?.entity_type;
    change(form, { base: { ...from, entity_id: id, entity_type } });
    const raw = { ...form.value.raw };
    for (const [name, value] of Object.entries(set)) raw[name] = toRaw(kindIn(form, name).kind, value);
    change(form, { raw, ...(body === undefined ? {} : { body }) });
    timers.set(form, 0);
    keepNow(form);
    catchUp(form);
  };
  if (form.value.state === "loading") saveLater(form, place);
  else place();
}

function saveLater(form, work) {
  const stop = form.subscribe((now) => {
    if (now.state === "loading") return;
    queueMicrotask(() => {
      stop();
      work();
    });
  });
}

/** What is to be saved: {set, body}, or {errors}. */
export function changesIn(form) {
  const { base, raw, body } = form.value;
  const set = {};
  const errors = {};
  for (const [name, text] of Object.entries(raw)) {
    const { value, error } = fromRaw(kindIn(form, name), text, base.fields[name]);
    if (error) errors[name] = error;
    else if (!same(value, base.fields[name])) set[name] = value;
  }
  return { set, body: body ?? undefined, errors: Object.keys(errors).length ? errors : null };
}

/** Save what was typed. Returns the outcome; raises `Failure`, which is shown by the form, too. */
export async function save(form, how = saving.save) {
  const { set, body, errors } = changesIn(form);
  if (errors) {
    change(form, { errors });
    return { outcome: "invalid" };
  }
  if (!Object.keys(set).length && body === undefined) return { outcome: "nothing" };
  const { id, base, raw } = form.value;
  const typed = { raw, body: form.value.body };
  keepNow(form);
  change(form, { state: "saving", failure: null, errors: {} });
  try {
    const path = vault.pathIfNeeded(base);
    const done = await how({ id, type: base.entity_type, path, set, body, base: { ...base } });
    if (done.outcome === "saved") settle(form, done.entity, typed);
    else if (done.outcome === "reloaded") await reload(form);
    else change(form, { state: "ready" });
    return done;
  } catch (failure) {
    change(form, { state: "ready", failure, errors: problemsOf(failure) });
    throw failure;
  }
}

export function problemsOf(failure) {
  const found = {};
  for (const one of failure.data?.problems || []) found[one.field] = one.message;
  return found;
}

/** After a save: the form goes on from what was saved; what was typed meanwhile stays. */
function settle(form, entity, typed) {
  const raw = Object.fromEntries(Object.entries(form.value.raw).filter(([name, text]) => typed.raw[name] !== text));
  const body = form.value.body === typed.body ? null : form.value.body;
  change(form, { state: "ready", base: entity, latest: entity, changes: null, raw, body, fromDraft: null });
  timers.set(form, 0);
  keepNow(form);
}

/** Take in what the entity is now; called when something has changed. */
export async function catchUp(form) {
  const { id, path, state, base } = form.value;
  if (state !== "ready" || !base) return;
  let entity;
  try {
    entity = await api.one(id, path);
  } catch (failure) {
    if (failure.missing) await tell(form, base, null);
    return;
  }
  if (form.value.state !== "ready") return;
  vault.put(entity);
  const now = form.value.base;
  if (entity.etag === now.etag) return change(form, { base: { ...entity }, latest: entity, changes: null });
  if (saving.revisionAfter(now).etag === entity.etag) return rebased(form, entity);
  await tell(form, now, entity);
}

/** Have the form say what others did since `base`, unless it shows another state by then. */
async function tell(form, base, latest) {
  const changes = await since(form.value.id, base, latest);
  if (form.value.base?.etag === base.etag) change(form, { latest, changes });
}

/** One's own saves, made elsewhere on the page, are no news. */
function rebased(form, entity) {
  const raw = { ...form.value.raw };
  change(form, { base: entity, latest: entity, changes: null });
  for (const [name, text] of Object.entries(raw)) {
    const { value } = fromRaw(kindIn(form, name), text, entity.fields[name]);
    if (value !== undefined && same(value, entity.fields[name])) delete raw[name];
  }
  const body = form.value.body === entity.body ? null : form.value.body;
  change(form, { raw, body });
  timers.set(form, 0);
  keepNow(form);
}

/** Show the state that is there now, and keep what was typed into other fields. */
export function takeLatest(form) {
  const { latest } = form.value;
  if (latest) rebased(form, latest);
}

/** Have the open forms of an entity show it as it is now; what was typed into other fields stays. */
export async function takeNow(id) {
  for (const form of open.values()) {
    if (form.value.id !== id) continue;
    await catchUp(form);
    takeLatest(form);
  }
}

/**
 * Who changed an entity between two states, by the log: {records, outside, fields}. `outside` tells
 * that some of it was done without a record, so that nobody can say by whom.
 */
async function since(id, base, entity) {
  let records = [];
  try {
    records = (await api.recordsOf(id)).history;
  } catch {
    records = [];
  }
  const between = [];
  let reached = false;
  for (const one of records) {
    if (one.metadata?.etag_after === base.etag) {
      reached = true;
      break;
    }
    between.push(one);
    if (one.metadata?.etag_before === base.etag) {
      reached = true;
      break;
    }
  }
  const newest = records[0]?.metadata?.etag_after ?? null;
  const now = entity ? entity.etag : null;
  const fields = entity
    ? [...new Set([...Object.keys(base.fields), ...Object.keys(entity.fields)])].filter(
        (name) => name !== vault.schema.value.names.updated && !same(base.fields[name], entity.fields[name]),
      )
    : [];
  if (entity && base.body !== undefined && base.body !== entity.body) fields.push("body");
  return { records: reached ? between : between.filter((one) => one.timestamp > base.updated_at), outside: !reached || newest !== now, fields };
}

/** Have all open forms look again. */
export function someChanged(id) {
  for (const form of open.values()) if (id === null || form.value.id === id) catchUp(form);
}
