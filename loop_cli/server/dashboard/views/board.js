// The board: a column for each value of a field, a card for each entity.
import { choiceFields, choicesOf, colorOf, hasField, isWritable, labelOf, nameOf, shown } from "../kinds.js";
import { html, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { go, hrefOf, route, setParams } from "../route.js";
import * as session from "../session.js";
import * as vault from "../vault.js";
import { day, fieldName, t } from "../words.js";
import { change } from "./actions.js";
import { Icon, useWalk, useWindow } from "./common.js";
import { useFound } from "./find.js";

const CARD = 104; // the height of a card and the gap below it, as in the style sheet

export function Board({ type }) {
  const found = useFound(type);
  const field = groupField(type);
  const columns = useMemo(() => columnsOf(found.all, type, field), [found.all, type, field]);
  const [over, setOver] = useState(null);
  useLayoutEffect(() => followMoved(columns), [columns]);
  const mayMove = session.mayWrite.value && isWritable(type, field);
  const drop = (value, event) => {
    event.preventDefault();
    setOver(null);
    const path = event.dataTransfer.getData("text/x-loop");
    move(found.all.find((one) => one.path === path), field, value);
  };
  const listen = { over, setOver, drop, mayMove };
  return html`<div class="board" role="group" aria-label=${t("board")} onKeyDown=${(event) => walk(event, { columns, field, mayMove, found })}>
    ${columns.map((column) => html`<${Column} key=${String(column.value)} ...${{ type, field, column, listen }} />`)}
  </div>`;
}

export function groupField(type) {
  const asked = route.value.params.get("group");
  if (asked && hasField(type, asked)) return asked;
  return "status";
}

/** The fields by which a board can have its columns. */
export const groupFields = (type) => [...new Set(["status", ...choiceFields(type), ...["assignee", "owner", "project_id"].filter((name) => hasField(type, name))])];

function columnsOf(entities, type, field) {
  const columns = new Map(choicesOf(type, field).map((value) => [String(value), { value, cards: [] }]));
  for (const one of entities) {
    const value = one.fields[field] ?? null;
    const key = shown(value);
    if (!columns.has(key)) columns.set(key, { value, cards: [] });
    columns.get(key).cards.push(one);
  }
  return [...columns.values()];
}

/** Have a card in another column. Returns whether it moves. */
function move(card, field, value) {
  if (!card || shown(card.fields[field]) === shown(value)) return false;
  change(card, { [field]: value });
  return true;
}

let moving = null; // the path of the card that a key moved; the focus goes with it

/** A key that comes next must meet the card at its new place. */
function followMoved(columns) {
  const path = moving;
  moving = null;
  for (const column of path === null ? [] : columns) {
    const row = column.cards.findIndex((one) => one.path === path);
    if (row >= 0) focusCard(path, column, row);
  }
}

function Column({ type, field, column, listen }) {
  const { value, cards } = column;
  const { ref, start, end, onScroll, total } = useWindow(cards.length, CARD);
  const label = labelOf(type, field, value) || t("none");
  const color = colorOf(type, field, value);
  const key = shown(value);
  const isOver = listen.over === key;
  const allow = (event) => {
    if (!listen.mayMove || !event.dataTransfer.types.includes("text/x-loop")) return;
    event.preventDefault();
    if (!isOver) listen.setOver(key);
  };
  const leave = (event) => {
    if (!event.currentTarget.contains(event.relatedTarget)) listen.setOver(null);
  };
  return html`<section class=${isOver ? "column over" : "column"} data-column=${key} aria-label=${`${label}, ${cards.length}`} onDragOver=${allow} onDragLeave=${leave} onDrop=${(event) => listen.drop(value, event)}>
    <h2 class="column-top">${color && html`<i class="dot" style=${{ background: color }}></i>`}<span class="column-name">${label}</span><span class="count">${cards.length}</span>
      ${session.mayWrite.value && html`<a class="icon-button small" href=${`#/new/${encodeURIComponent(type)}?${new URLSearchParams({ [field]: key })}`} aria-label=${`${t("new")}: ${label}`} title=${t("new")}><${Icon} name="plus" /></a>`}</h2>
    <div class="column-cards" ref=${ref} onScroll=${onScroll}>
      ${cards.length === 0 && html`<p class="column-empty">${t("empty_column")}</p>`}
      <ul class="cards" style=${{ height: `${total}px` }}>
        ${cards.slice(start, end).map((one, at) => html`<${Card} key=${one.path} entity=${one} field=${field} top=${(start + at) * CARD} mayMove=${listen.mayMove} />`)}
      </ul>
    </div>
  </section>`;
}

function Card({ entity, field, top, mayMove }) {
  const { fields, entity_type: type } = entity;
  const dragged = useRef(false);
  const begin = (event) => {
    event.dataTransfer.setData("text/x-loop", entity.path);
    event.dataTransfer.effectAllowed = "move";
    dragged.current = true;
    const card = event.currentTarget.closest(".card");
    requestAnimationFrame(() => card.classList.add("dragging"));
  };
  const end = (event) => {
    event.currentTarget.closest(".card")?.classList.remove("dragging");
    setTimeout(() => (dragged.current = false));
  };
  const due = shown(fields.due);
  const late = due && fields.status !== "done" && due < today();
  return html`<li class=${entity.waits ? "card waits" : "card"} data-entity-id=${entity.entity_id} data-path=${entity.path} data-value=${shown(fields[field])} style=${{ transform: `translateY(${top}px)` }} draggable=${mayMove} onDragStart=${begin} onDragEnd=${end}>
    <a class="card-link" draggable=${false} href=${hrefOf(type, entity.entity_id, vault.pathIfNeeded(entity))}><span class="card-name">${nameOf(entity)}</span></a>
    <span class="card-meta">
      ${fields.priority && html`<span class="chip small"><i class="dot" style=${{ background: colorOf(type, "priority", fields.priority) || "currentColor" }}></i>${labelOf(type, "priority", fields.priority)}</span>`}
      ${fields.assignee && html`<span class="who-chip">${shown(fields.assignee)}</span>`}
      ${due && html`<time class=${late ? "due late" : "due"}>${day(due)}</time>`}
      <span class="spacer"></span>
      ${mayMove && html`<${Mover} ...${{ entity, field }} />`}
    </span>
  </li>`;
}

/**
 * A card's column as a list: for fingers, which can't drag, and for all who rather choose. Walked
 * through with keys, it moves the card at Enter or when it is left.
 */
function Mover({ entity, field }) {
  const type = entity.entity_type;
  const value = shown(entity.fields[field]);
  const walk = useWalk();
  const [walked, setWalked] = useState(null); // stays while the page is drawn anew
  const known = choicesOf(type, field);
  if (!known.length) return null;
  const all = known.map(String).includes(value) ? known : [value, ...known];
  const choose = (text) => move(entity, field, known.find((one) => String(one) === text) ?? null);
  const end = () => {
    walk.end();
    setWalked(null);
  };
  const onKeyDown = (event) => {
    walk.onKeyDown(event);
    const text = event.currentTarget.value;
    if (event.key === "Escape") end();
    if (event.key !== "Enter" || text === value) return;
    event.preventDefault();
    end();
    if (choose(text)) moving = entity.path;
  };
  const left = ({ currentTarget: list }) => {
    const text = walk.walks() && list.value;
    end();
    // A list that goes away, as another moves its card, loses the focus, too: that is no choice.
    queueMicrotask(() => text !== false && list.isConnected && choose(text));
  };
  const onChange = ({ currentTarget: { value: text } }) => (walk.walks() ? setWalked(text) : choose(text));
  return html`<select class="mover" aria-label=${`${fieldName(field)}: ${nameOf(entity)}`.slice(0, 120)} value=${walked ?? value} ...${{ onKeyDown, onPointerDown: walk.onPointerDown, onBlur: left, onChange }}>${all.map((one) => html`<option value=${String(one)}>${labelOf(type, field, one) || "–"}</option>`)}</select>`;
}

export function today() {
  const now = new Date();
  return new Date(now - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** Arrows walk over the cards, Shift and an arrow takes the card along. */
function walk(event, { columns, field, mayMove, found }) {
  const card = event.target.closest?.(".card");
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!card || !steps || event.target.tagName === "SELECT" || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const path = card.dataset.path;
  const at = columns.findIndex((column) => column.cards.some((one) => one.path === path));
  const row = columns[at].cards.findIndex((one) => one.path === path);
  if (event.shiftKey) {
    const to = columns[at + steps[0]];
    if (!steps[0] || !to || !mayMove) return;
    const entity = found.all.find((one) => one.path === path);
    if (move(entity, field, to.value)) moving = path;
    return;
  }
  let column = columns[at];
  let next = row + steps[1];
  for (let side = at + steps[0]; steps[0] && side >= 0 && side < columns.length; side += steps[0]) {
    if (!columns[side].cards.length) continue;
    column = columns[side];
    next = Math.min(row, column.cards.length - 1);
    break;
  }
  const target = column.cards[next];
  if (target) focusCard(target.path, column, next);
}

let aim = null; // the card that gets the focus as soon as it is there

/** Put the focus on a card, at once if it is there: only the cards that can be seen are. */
function focusCard(path, column, row) {
  const mine = (aim = { path });
  const look = () => document.querySelector(`.card[data-path="${CSS.escape(path)}"] .card-link`);
  if (!look()) {
    const list = document.querySelector(`[data-column="${CSS.escape(shown(column.value))}"] .column-cards`);
    if (list) list.scrollTop = Math.max(0, row * CARD - list.clientHeight / 2);
  }
  let left = 60; // frames
  const again = () => {
    if (aim !== mine) return;
    const link = look();
    if (!link && left-- > 0) return requestAnimationFrame(again);
    aim = null;
    if (!link) return;
    link.focus();
    link.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  again();
}

export { go, setParams };
