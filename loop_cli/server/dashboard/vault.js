// What the page knows of the vault: its schema, its members, and the entities of the types shown.
import * as api from "./api.js";
import { batch, signal } from "./lib.js";

const FIRST = 400; // entities that are enough to show a page
const AT_ONCE = 2_000;

/** {types: {name: JSON Schema}, order, constants, members, names}; null until read. */
export const schema = signal(null);
/** The failure that keeps the vault from being read. */
export const problem = signal(null);
/** How many entities a type has, where known. */
export const counts = signal({});

const collections = new Map();

/** The entities of a type: {state, version, total, items: path → entity}. Changes bump `version`. */
export function collection(type) {
  if (!collections.has(type)) {
    collections.set(type, {
      type,
      items: new Map(),
      version: signal(0),
      state: signal("none"),
      total: signal(0),
      failure: null,
      turn: 0,
    });
  }
  return collections.get(type);
}

/** Read the schema. What goes wrong is in `problem`. */
export async function begin() {
  try {
    const [said, constants, members] = await Promise.all([
      api.ask("GET", "/api/schema"),
      api.ask("GET", "/api/constants"),
      api.ask("GET", "/api/members"),
    ]);
    batch(() => {
      const order = Object.keys(said.$defs || {});
      const vault = (said["x-loop"] && said["x-loop"].vault) || {};
      schema.value = { types: said.$defs || {}, order, constants, members: members.members, names: namesIn(vault, said) };
      problem.value = null;
    });
  } catch (failure) {
    if (!failure.signedOut) problem.value = failure;
    throw failure;
  }
}

/** The fields that carry identity and time in this vault. */
function namesIn(vault, said) {
  const usual = { id: "entity_id", type: "entity_type", name: "entity_name", created: "created", updated: "updated" };
  return { ...usual, ...(vault.names || {}), ...(said["x-loop"]?.fields || {}) };
}

/** Read the entities of a type, once. */
export function load(type) {
  const found = collection(type);
  if (found.state.value === "none" || found.state.value === "failed") return reload(type);
  return found.loading;
}

/** Read them anew; what was shown stays until then. */
export function reload(type) {
  const found = collection(type);
  found.loading = readAll(found);
  return found.loading;
}

async function readAll(found) {
  const turn = ++found.turn;
  const fresh = found.state.value !== "ready";
  if (fresh) found.state.value = "loading";
  const items = new Map();
  let cursor;
  try {
    do {
      const limit = fresh && !cursor ? FIRST : AT_ONCE;
      const page = await api.list({ type: found.type, limit, cursor });
      if (turn !== found.turn) return;
      for (const one of page.entities) items.set(one.path, one);
      cursor = page.next;
      if (fresh || !cursor) show(found, items, page.total);
      if (cursor) await pause();
    } while (cursor);
    found.state.value = "ready";
  } catch (failure) {
    if (turn !== found.turn) return;
    found.failure = failure;
    if (fresh) found.state.value = "failed";
  }
}

function show(found, items, total) {
  batch(() => {
    found.items = items;
    found.total.value = total;
    found.version.value++;
    counts.value = { ...counts.value, [found.type]: total };
  });
}

const pause = () => new Promise((resolve) => setTimeout(resolve));

/** Take in the state of one entity, as the server has just told it. */
export function put(entity) {
  const found = collection(entity.entity_type);
  const { body: _body, ...listed } = entity;
  const isNew = !found.items.has(entity.path);
  for (const [path, other] of isNew ? found.items : []) {
    if (other.entity_id === entity.entity_id) found.items.delete(path); // it was moved
  }
  found.items.set(entity.path, listed);
  changed(found);
}

/** Forget an entity that is gone. */
export function drop(id, path) {
  for (const found of collections.values()) {
    let any = false;
    for (const [at, one] of found.items) {
      if (one.entity_id === id && (!path || at === path)) any = found.items.delete(at);
    }
    if (any) changed(found);
  }
}

function changed(found) {
  if (found.state.value === "ready") {
    found.total.value = found.items.size;
    counts.value = { ...counts.value, [found.type]: found.items.size };
  }
  found.version.value++;
}

/** The entity with an id among those that are known here. */
export function known(id) {
  for (const found of collections.values()) {
    const one = index(found).byId.get(id);
    if (one) return one;
  }
  return null;
}

/** The entity of a type with an id. Whoever shows it is shown anew when it changes. */
export function named(type, id) {
  const found = collection(type);
  return found.version.value >= 0 ? index(found).byId.get(id) : undefined;
}

/** The types whose entities were read. */
export function loaded() {
  return [...collections.values()].filter((one) => one.state.value !== "none").map((one) => one.type);
}

/** Whether several files carry the id of an entity; then requests name the path, too. */
export function pathIfNeeded(entity) {
  return index(collection(entity.entity_type)).shared.has(entity.entity_id) ? entity.path : undefined;
}

/** A collection by ids: {byId, shared}; `shared` are the ids that several files carry. */
function index(found) {
  const version = found.version.peek();
  if (found.index?.version === version) return found.index;
  const byId = new Map();
  const shared = new Set();
  for (const one of found.items.values()) {
    if (byId.has(one.entity_id)) shared.add(one.entity_id);
    byId.set(one.entity_id, one);
  }
  found.index = { version, byId, shared };
  return found.index;
}

/** How many entities each type has. */
export async function countAll() {
  for (const type of schema.value?.order || []) {
    if (counts.value[type] !== undefined) continue;
    try {
      const page = await api.list({ type, limit: 1 });
      counts.value = { ...counts.value, [type]: page.total };
    } catch {
      return;
    }
  }
}
