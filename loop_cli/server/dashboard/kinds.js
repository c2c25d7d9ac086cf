// The kind of a field, by the vault's schema or, for a field nobody foresaw, by its value; and how
// values become text and back.
import * as vault from "./vault.js";

/** The names that are never shown as fields to edit. */
export function isOwnName(name) {
  const { id, type, created, updated } = vault.schema.value.names;
  return [id, type, created, updated].includes(name);
}

const specOf = (type, name) => vault.schema.value?.types[type]?.properties?.[name];

/** Whether a field can be written. */
export function isWritable(type, name) {
  const known = vault.schema.value?.types[type];
  const writable = known?.["x-loop"]?.writable;
  if (writable) return writable.includes(name);
  return !isOwnName(name) && !specOf(type, name)?.readOnly;
}

export const isRequired = (type, name) =>
  !!vault.schema.value?.types[type]?.required?.includes(name);

/** {kind, choices, of}: "text", "long", "number", "date", "flag", "choice", "list", "choices", "json". */
export function kindOf(type, name, value) {
  const spec = specOf(type, name);
  const found = spec ? ofSpec(spec, name) : null;
  const kind = found && fits(found.kind, value) ? found : ofValue(value, found);
  const of = /the id of an? (\w+)$/.exec(spec?.description || "");
  return { ...kind, of: of ? of[1] : null, about: spec?.description };
}

function ofSpec(spec, name) {
  const parts = spec.anyOf || [spec];
  const one = parts.find((part) => part.type !== "null") || {};
  if (one.enum) return { kind: "choice", choices: one.enum.filter((value) => value !== null && !Array.isArray(value)) };
  if (one.format === "date") return { kind: "date" };
  if (one.type === "number" || one.type === "integer") return { kind: "number" };
  if (one.type === "boolean") return { kind: "flag" };
  if (one.type === "object") return { kind: "json" };
  if (one.type === "array") {
    const choices = one.items?.enum;
    return choices ? { kind: "choices", choices } : { kind: "list" };
  }
  if (one.type === "string") return { kind: name === "notes" ? "long" : "text" };
  return null;
}

const plain = (value) => ["string", "number", "boolean"].includes(typeof value);

/** Whether a control of a kind can show a value without changing it. */
function fits(kind, value) {
  if (value === null || value === undefined || value === "") return true;
  if (kind === "json") return true;
  if (kind === "list") return Array.isArray(value) && value.every((one) => typeof one === "string" && !/[,\n]/.test(one) && one.trim() === one && one !== "");
  if (kind === "choices") return Array.isArray(value) && value.every(plain);
  if (kind === "date") return /^\d{4}-\d\d-\d\d$/.test(value);
  if (kind === "number") return typeof value === "number";
  if (kind === "flag") return typeof value === "boolean";
  return kind === "choice" ? plain(value) : typeof value === "string";
}

function ofValue(value, foreseen) {
  if (value === null || value === undefined) return foreseen || { kind: "text" };
  if (typeof value === "boolean") return { kind: "flag" };
  if (typeof value === "number") return { kind: "number" };
  if (typeof value === "string") return { kind: value.includes("\n") || value.length > 80 ? "long" : "text" };
  return fits("list", value) ? { kind: "list" } : { kind: "json" };
}

/** The text in a control for a value. */
export function toRaw(kind, value) {
  if (kind === "choices") return Array.isArray(value) ? value : [];
  if (value === null || value === undefined) return "";
  if (kind === "list") return value.join(", ");
  if (kind === "json") return JSON.stringify(value, null, 2);
  return String(value);
}

/** The value of what is in a control: {value} or {error}. An empty one is null. */
export function fromRaw({ kind, choices }, raw, before) {
  if (kind === "choices") return { value: raw.length ? raw : before == null ? null : [] };
  if (kind === "list") {
    const items = raw.split(/[,\n]/).map((one) => one.trim()).filter(Boolean);
    return { value: items.length || Array.isArray(before) ? items : null };
  }
  if (raw === "") return { value: before === "" ? "" : null };
  if (kind === "number") {
    const number = Number(raw);
    return raw.trim() !== "" && Number.isFinite(number) ? { value: number } : { error: "number" };
  }
  if (kind === "flag") return { value: raw === "true" };
  if (kind === "choice") return { value: choices?.find((one) => String(one) === raw) ?? raw };
  if (kind === "json") {
    try {
      return { value: JSON.parse(raw) };
    } catch {
      return { error: "json" };
    }
  }
  return { value: raw };
}

/** Whether two values of a field say the same; a missing one is like null. */
export function same(a, b) {
  if ((a ?? null) === (b ?? null)) return true;
  return typeof a === "object" && typeof b === "object" && ordered(a) === ordered(b);
}

function ordered(value) {
  return JSON.stringify(value, (_key, one) =>
    one && typeof one === "object" && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

/** A value as one line of text. */
export function shown(value) {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map((one) => (plain(one) ? String(one) : JSON.stringify(one))).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The section of the constants about a type or a field: labels and colours. */
function constants(type, name) {
  const all = vault.schema.value?.constants || {};
  if (name === "status") {
    const own = all[(type || "").toLowerCase()] || {};
    return { labels: own.status_labels, colors: own.status_colors };
  }
  return name === "priority" || name === "priority_flag" ? all.priority || {} : {};
}

/** What people call a value of a field. */
export function labelOf(type, name, value) {
  const labels = constants(type, name).labels;
  return (labels && typeof labels[value] === "string" && labels[value]) || shown(value);
}

const COLOR = /^#[0-9a-f]{3,8}$/i;

export function colorOf(type, name, value) {
  const colors = constants(type, name).colors;
  const found = colors && colors[value];
  return typeof found === "string" && COLOR.test(found) ? found : null;
}

/** The values that a field of a type may have, in the schema's order. */
export function choicesOf(type, name) {
  const spec = specOf(type, name);
  return spec ? ofSpec(spec, name)?.choices || [] : [];
}

const FIRST = ["status", "priority", "type"];

/** The fields of a type that have one of a list of values; those that people use most come first. */
export function choiceFields(type) {
  const names = fieldsOf(type).filter((name) => {
    const found = ofSpec(specOf(type, name), name);
    return !isOwnName(name) && found?.kind === "choice" && found.choices.length > 1 && isWritable(type, name);
  });
  return [...FIRST.filter((name) => names.includes(name)), ...names.filter((name) => !FIRST.includes(name))];
}

export const fieldsOf = (type) => Object.keys(vault.schema.value?.types[type]?.properties || {});
export const hasField = (type, name) => fieldsOf(type).includes(name);

/** What an entity is called. */
export function nameOf(entity) {
  const names = vault.schema.value?.names;
  const name = entity && names && entity.fields[names.name];
  return typeof name === "string" && name ? name : entity ? shown(name) || entity.entity_id : "";
}

