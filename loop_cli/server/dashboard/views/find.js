// The entities of a type that the filters in the address let through, and the bar of filters.
import { choiceFields, choicesOf, hasField, labelOf, nameOf, shown } from "../kinds.js";
import { html, useEffect, useMemo, useState } from "../lib.js";
import { route, setParams } from "../route.js";
import * as saving from "../saving.js";
import * as vault from "../vault.js";
import { fieldName, t } from "../words.js";
import { Icon } from "./common.js";

const OTHER = ["q", "sort", "columns", "group", "month", "select"];

/** {all, total, collection}: with what is being saved put in already. */
export function useFound(type) {
  const collection = vault.collection(type);
  const version = collection.version.value;
  const waits = saving.pending.value;
  const { params } = route.value;
  const all = useMemo(() => filtered([...collection.items.values()], waits, params), [collection, version, waits, params]);
  return { all, total: collection.items.size, collection };
}

function filtered(entities, waits, params) {
  const words = (params.get("q") || "").toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const wanted = filtersIn(params);
  const found = [];
  for (const entity of entities) {
    const shownNow = waits.size && waits.has(entity.entity_id) ? { ...entity, stored: entity, fields: { ...entity.fields, ...waits.get(entity.entity_id) }, waits: true } : entity;
    if (wanted.every(([name, values]) => matches(shownNow.fields[name], values)) && (!words.length || hasWords(shownNow, words))) {
      found.push(shownNow);
    }
  }
  return found;
}

export function filtersIn(params) {
  const names = [...new Set([...params.keys()])].filter((name) => !OTHER.includes(name));
  return names.map((name) => [name, params.getAll(name)]);
}

function matches(value, values) {
  const own = Array.isArray(value) ? value.map(shown) : [shown(value)];
  return values.some((one) => own.includes(one));
}

function hasWords(entity, words) {
  const text = `${nameOf(entity)}\n${entity.entity_id}\n${shown(entity.fields.aliases)}`.toLocaleLowerCase();
  return words.every((word) => text.includes(word));
}

const FEW = 1_500;
const SOON = 400; // milliseconds after the last change
const MOST = 40; // values offered of a field that has no list

/** The bar: words, and a list of values for the fields that people filter by. */
export function Filters({ type, children }) {
  const { params } = route.value;
  const collection = vault.collection(type);
  const version = collection.version.value;
  const names = [...new Set([...["status"].filter((name) => hasField(type, name)), ...choiceFields(type).slice(0, 3), ...["assignee", "owner", "project_id"].filter((name) => hasField(type, name)), ...choiceFields(type)])].slice(0, 7);
  const [values, setValues] = useState({});
  useEffect(() => {
    // Counting all values takes a while where there are many entities, and nobody waits for it.
    const read = () => setValues(Object.fromEntries(names.map((name) => [name, valuesOf(collection, type, name)])));
    if (collection.items.size < FEW) return read();
    const timer = setTimeout(read, SOON);
    return () => clearTimeout(timer);
  }, [collection, version, type]);
  const any = filtersIn(params).length > 0 || params.get("q");
  return html`<div class="filters" role="search" aria-label=${t("filter")}>
    <label class="filter-text"><${Icon} name="search" /><span class="sr-only">${t("filter_text")}</span><input type="search" value=${params.get("q") || ""} placeholder=${t("filter_text")} data-filter="q" onInput=${(event) => setParams({ q: event.currentTarget.value })} /></label>
    ${names.map((name) => html`<${Filter} key=${name} ...${{ type, name, values: values[name] || choicesOf(type, name).map(String), chosen: params.getAll(name) }} />`)}
    ${any && html`<button type="button" class="link-button" data-action="clear-filters" onClick=${() => setParams({ q: null, ...Object.fromEntries(filtersIn(params).map(([name]) => [name, null])) })}>${t("clear_filters")}</button>`}
    <span class="spacer"></span>
    ${children}
  </div>`;
}

function valuesOf(collection, type, name) {
  const counted = new Map(choicesOf(type, name).map((value) => [String(value), 0]));
  for (const one of collection.items.values()) {
    const key = shown(one.fields[name]);
    if (key) counted.set(key, (counted.get(key) || 0) + 1);
  }
  return [...counted.keys()].slice(0, MOST);
}

function Filter({ type, name, values, chosen }) {
  const label = (value) => (name === "project_id" && nameOf(vault.named("Project", value))) || labelOf(type, name, value);
  const all = [...new Set([...values, ...chosen])];
  return html`<select class=${chosen.length ? "filter on" : "filter"} aria-label=${fieldName(name)} data-filter=${name} value=${chosen[0] || ""} onChange=${(event) => setParams({ [name]: event.currentTarget.value })}>
    <option value="">${fieldName(name)}</option>${all.map((one) => html`<option value=${one}>${label(one)}</option>`)}
  </select>`;
}
