// The table: sort, choose columns, change a value in its cell, change many at once.
import { Failure } from "../api.js";
import { choiceFields, choicesOf, fieldsOf, fromRaw, hasField, isWritable, kindOf, labelOf, nameOf, same, shown, toRaw } from "../kinds.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { hrefOf, route, setParams } from "../route.js";
import * as session from "../session.js";
import * as vault from "../vault.js";
import { day, fieldName, t } from "../words.js";
import { changeMany, changeNow, complain } from "./actions.js";
import { Chip, useWalk, useWindow } from "./common.js";
import { Control } from "./fields.js";
import { useFound } from "./find.js";

const ROW = 40; // the height of a row, as in the style sheet
const HEAD = ""; // the path of the row of names
const USUAL = ["status", "priority", "assignee", "owner", "start_date", "due", "project_id", "parent_id", "tags"];

export function columnsIn(type) {
  const asked = route.value.params.get("columns");
  const usual = USUAL.filter((name) => hasField(type, name) && (name !== "parent_id" || !hasField(type, "project_id")));
  const names = asked ? asked.split(",") : usual.slice(0, 7);
  return names.filter((name) => name);
}

export function Table({ type }) {
  const found = useFound(type);
  const names = columnsIn(type);
  const sort = route.value.params.get("sort") || "";
  const rows = useMemo(() => sorted(found.all, type, sort), [found.all, type, sort]);
  const [chosen, setChosen] = useState(() => new Set());
  const [editing, setEditing] = useState(null);
  const [spot, setSpot] = useState({ path: null, place: 0 }); // the cell that Tab comes to
  const { ref, start, end, onScroll, total } = useWindow(rows.length, ROW);
  const mayWrite = session.mayWrite.value;
  useEffect(() => setChosen(new Set()), [type]);
  const picked = rows.filter((one) => chosen.has(one.path));
  const turn = (path) => setChosen((old) => {
    const now = new Set(old);
    if (!now.delete(path)) now.add(path);
    return now;
  });
  const all = picked.length === rows.length && rows.length > 0;
  const near = rows.slice(start, end);
  const spotPath = spot.path === HEAD || near.some((one) => one.path === spot.path) ? spot.path : near[0]?.path ?? HEAD;
  const tab = (path, place) => (path === spotPath && place === spot.place ? 0 : -1);
  const entered = ({ target }) => {
    const cell = target.closest(".cell");
    if (cell) setSpot({ path: cell.parentNode.dataset.path ?? HEAD, place: placeOf(cell) });
  };
  const template = `${mayWrite ? "36px " : ""}minmax(0, 2.4fr) ${names.map(() => "minmax(0, 1fr)").join(" ")}`;
  const minWidth = `${36 + 230 + 112 * names.length}px`;
  return html`<div class="table-view">
    ${mayWrite && picked.length > 0 && html`<${Bulk} ...${{ type, picked, clear: () => setChosen(new Set()) }} />`}
    <div class="table" role="grid" aria-label=${t("table")} aria-rowcount=${rows.length + 1} aria-colcount=${names.length + 1 + (mayWrite ? 1 : 0)} aria-multiselectable=${mayWrite} ref=${ref} onScroll=${onScroll} onFocusIn=${entered} onKeyDown=${(event) => walk(event, rows.length, setEditing)} tabindex="-1">
      <div class="table-row head" role="row" aria-rowindex="1" style=${{ gridTemplateColumns: template, minWidth }}>
        ${mayWrite && html`<div role="columnheader" class="cell check"><input type="checkbox" tabindex=${tab(HEAD, 0)} aria-label=${t("select_all")} checked=${all} ref=${(node) => node && (node.indeterminate = picked.length > 0 && !all)} onChange=${() => setChosen(all ? new Set() : new Set(rows.map((one) => one.path)))} /></div>`}
        ${[vault.schema.value.names.name, ...names].map((name, at) => html`<${Head} ...${{ name, sort, tabindex: tab(HEAD, at + (mayWrite ? 1 : 0)) }} />`)}
      </div>
      <div class="table-body" role="rowgroup" style=${{ height: `${total}px`, minWidth }}>
        ${near.map((one, at) => html`<${Row} key=${one.path} ...${{ tab, entity: one, names, template, top: (start + at) * ROW, index: start + at + 2, isChosen: chosen.has(one.path), turn, mayWrite, editing: editing?.path === one.path ? editing.name : null, setEditing }} />`)}
      </div>
    </div>
  </div>`;
}

function sorted(entities, type, sort) {
  const down = sort.startsWith("-");
  const name = sort.replace(/^-/, "");
  if (!name) return entities;
  const order = new Map(choicesOf(type, name).map((value, at) => [String(value), at]));
  const key = (one) => {
    const value = name === vault.schema.value.names.name ? nameOf(one) : one.fields[name];
    if (value === null || value === undefined || value === "") return null;
    return order.has(String(value)) ? order.get(String(value)) : typeof value === "number" ? value : shown(value);
  };
  const keyed = entities.map((one) => [key(one), one]);
  const compare = new Intl.Collator(undefined, { numeric: true }).compare;
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null); // what is missing comes last
    const found = typeof a === "number" && typeof b === "number" ? a - b : compare(String(a), String(b));
    return down ? -found : found;
  });
  return keyed.map(([, one]) => one);
}

function Head({ name, sort, tabindex }) {
  const on = sort.replace(/^-/, "") === name;
  const down = on && sort.startsWith("-");
  const next = !on ? name : down ? null : `-${name}`;
  return html`<div role="columnheader" class="cell" aria-sort=${on ? (down ? "descending" : "ascending") : "none"}><button type="button" tabindex=${tabindex} class="head-button" data-sort=${name} onClick=${() => setParams({ sort: next })}>${fieldName(name)}${on ? html`<span aria-hidden="true">${down ? " ↓" : " ↑"}</span>` : ""}</button></div>`;
}

function Row({ tab, entity, names, template, top, index, isChosen, turn, mayWrite, editing, setEditing }) {
  const type = entity.entity_type;
  const first = mayWrite ? 1 : 0;
  return html`<div class=${["table-row", isChosen ? "chosen" : "", entity.waits ? "waits" : ""].join(" ")} role="row" aria-rowindex=${index} aria-selected=${isChosen} data-entity-id=${entity.entity_id} data-path=${entity.path} style=${{ gridTemplateColumns: template, transform: `translateY(${top}px)` }}>
    ${mayWrite && html`<div role="gridcell" class="cell check"><input type="checkbox" tabindex=${tab(entity.path, 0)} aria-label=${`${t("select")}: ${nameOf(entity)}`.slice(0, 120)} checked=${isChosen} onChange=${() => turn(entity.path)} /></div>`}
    <div role="rowheader" class="cell name"><a tabindex=${tab(entity.path, first)} href=${hrefOf(type, entity.entity_id, vault.pathIfNeeded(entity))}>${nameOf(entity)}</a></div>
    ${names.map((name, at) => html`<${Cell} key=${name} ...${{ tabindex: tab(entity.path, first + 1 + at), entity, name, mayWrite: mayWrite && isWritable(type, name), editing: editing === name, setEditing }} />`)}
  </div>`;
}

function Cell({ tabindex, entity, name, mayWrite, editing, setEditing }) {
  const type = entity.entity_type;
  const value = entity.fields[name];
  const button = useRef(null);
  const edited = useRef(false);
  useLayoutEffect(() => {
    if (edited.current && !editing && document.activeElement === document.body) button.current?.focus();
    edited.current = editing;
  }, [editing]);
  if (editing && mayWrite) return html`<${Editing} ...${{ entity, name, value, end: () => setEditing((now) => (now?.path === entity.path && now.name === name ? null : now)) }} />`;
  const open = () => setEditing({ path: entity.path, name });
  const kind = kindOf(type, name, value);
  const text = kind.kind === "date" && value ? day(value) : kind.of ? nameOf(vault.named(kind.of, value)) || shown(value) : shown(value);
  const inner = kind.kind === "choice" ? html`<${Chip} type=${type} field=${name} value=${value} />` : html`<span class=${text ? "cell-text" : "faint"}>${text || "–"}</span>`;
  if (!mayWrite) return html`<div role="gridcell" class="cell" tabindex=${tabindex} data-cell=${name}>${inner}</div>`;
  return html`<div role="gridcell" class="cell" data-cell=${name}><button type="button" ref=${button} tabindex=${tabindex} class="cell-button" aria-label=${`${t("change_field", { field: fieldName(name) })}: ${labelOf(type, name, value) || t("none")}`} onClick=${open}>${inner}</button></div>`;
}

/**
 * A cell while its value is changed. Enter saves, Escape leaves it as it is. A list is saved once
 * something is chosen in it, but not while one only walks through it with keys. While a text is
 * saved, its control is not disabled: that would lose the focus.
 */
function Editing({ entity, name, value, end }) {
  const type = entity.entity_type;
  const kind = kindOf(type, name, value);
  const [raw, setRaw] = useState(() => toRaw(kind.kind, value));
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const from = useRef(entity); // the state that the control was filled from
  const cell = useRef(null);
  const list = useWalk();
  const isOne = ["choice", "flag"].includes(kind.kind);
  const over = useRef(false); // what goes away loses the focus, too: that saves nothing
  const finish = () => {
    over.current = true;
    end();
  };
  const save = async (text) => {
    if (busy) return undefined;
    if (cell.current?.querySelector("input")?.validity.badInput) return setError(t("invalid_date"));
    const said = fromRaw(kind, text, value);
    if (said.error) return setError(t(`invalid_${said.error}`));
    if (same(said.value, value)) return finish();
    setBusy(true);
    try {
      const run = changeNow(from.current, { [name]: said.value });
      if (isOne) {
        finish(); // it shows the new value at once
        return await run.catch(complain);
      }
      await run;
      return finish();
    } catch (failure) {
      if (!(failure instanceof Failure)) throw failure;
      if (!cell.current) return complain(failure); // another cell is open by now
      setBusy(false);
      return setError(failure.message);
    }
  };
  const onInput = (text) => {
    if (busy) return;
    setRaw(text);
    setError(null);
    if (isOne && !list.walks()) save(text);
  };
  const onKeyDown = (event) => {
    list.onKeyDown(event);
    event.stopPropagation();
    if (event.key === "Escape") finish();
    if (event.key === "Enter" && (!["long", "json"].includes(kind.kind) || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      save(raw);
    }
  };
  const left = (event) => {
    if (over.current || busy || error || event.currentTarget.contains(event.relatedTarget)) return;
    if (!isOne || list.walks()) save(raw);
    else if (document.hasFocus()) end();
  };
  return html`<div role="gridcell" class="cell editing" data-cell=${name} ref=${cell} ...${{ onKeyDown, onPointerDown: list.onPointerDown }} onFocusOut=${left}>
    <${Control} ...${{ type, name, value, raw, onInput, readonly: busy, label: fieldName(name), autofocus: true, invalid: !!error }} />
    ${error && html`<p class="cell-error" role="alert">${error}</p>`}
  </div>`;
}

/** What is chosen, and what to change in all of it. */
function Bulk({ type, picked, clear }) {
  const [busy, setBusy] = useState(false);
  const fields = [...new Set([...choiceFields(type), ...["assignee", "owner", "due", "start_date"].filter((name) => hasField(type, name) && isWritable(type, name))])];
  const [field, setField] = useState(fields[0]);
  const [raw, setRaw] = useState("");
  const apply = async (event) => {
    event.preventDefault();
    const { value } = fromRaw(kindOf(type, field, null), raw, null);
    if (busy || value === undefined) return;
    setBusy(true);
    const failed = await changeMany(picked, { [field]: value });
    setBusy(false);
    if (!failed.length) clear();
  };
  return html`<form class="bulk" aria-label=${t("selected", { n: picked.length })} onSubmit=${apply}>
    <strong role="status">${t("selected", { n: picked.length })}</strong>
    <select class="control" aria-label=${t("field")} value=${field} data-bulk="field" onChange=${(event) => (setField(event.currentTarget.value), setRaw(""))}>${fields.map((name) => html`<option value=${name}>${fieldName(name)}</option>`)}</select>
    <${Control} ...${{ type, name: field, value: null, raw, onInput: setRaw, label: fieldName(field) }} />
    <button type="submit" class="button primary" data-action="bulk" aria-disabled=${busy} disabled=${raw === "" && fieldsOf(type).includes(field) === false}>${t("apply")}</button>
    <button type="button" class="button" onClick=${clear}>${t("clear")}</button>
  </form>`;
}

const placeOf = (cell) => [...cell.parentNode.children].indexOf(cell);

let aim = null; // the cell that gets the focus as soon as it is there

/** Arrows, Home, End and pages walk over the cells; a key that comes early goes on from the aim. */
function walk(event, count, setEditing) {
  const aimed = aim?.table === event.currentTarget.closest(".table") ? aim : null;
  const cell = event.target.closest?.(".cell") ?? aimed?.cell;
  if (!cell || event.altKey || event.target.matches("select, textarea, input:not([type=checkbox])")) return;
  const row = cell.parentNode;
  const table = event.currentTarget.closest(".table");
  const from = aimed ?? { index: Number(row.getAttribute("aria-rowindex")), place: placeOf(cell) };
  const page = Math.max(1, Math.floor(table.clientHeight / ROW) - 2);
  const to = stepped(event, from, { rows: count + 1, places: row.children.length, page });
  if (!to) return;
  event.preventDefault();
  setEditing(null);
  focusCell(table, to, cell);
}

function stepped({ key, ctrlKey, metaKey }, { index, place }, { rows, places, page }) {
  const row = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page }[key];
  const side = { ArrowLeft: -1, ArrowRight: 1, Home: -places, End: places }[key];
  if (!row && !side) return null;
  const far = (ctrlKey || metaKey) && !row ? { Home: -rows, End: rows }[key] ?? 0 : row ?? 0;
  const inside = (number, low, high) => Math.min(high, Math.max(low, number));
  return { index: inside(index + far, 1, rows), place: inside(place + (side ?? 0), 0, places - 1) };
}

/** Put the focus on a cell, once it is there: only the rows that can be seen are. */
function focusCell(table, { index, place }, from) {
  const mine = (aim = { table, index, place, cell: from });
  const look = () => table.querySelector(`[aria-rowindex="${index}"]`)?.children[place];
  if (!look()) table.scrollTop = (index - 2) * ROW - table.clientHeight / 2;
  let left = 60; // frames
  const again = () => {
    if (aim !== mine) return;
    const cell = look();
    if (!cell && left-- > 0) return requestAnimationFrame(again);
    aim = null;
    if (!cell) return;
    (cell.querySelector("button, a, input") ?? cell).focus({ preventScroll: true });
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  again();
}
