// Small pieces that several views show.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../lib.js";
import { colorOf, labelOf } from "../kinds.js";
import { door, person, t } from "../words.js";

const ICONS = {
  board: "M4 4h5v16H4zM10.5 4h4v10h-4zM16 4h4v13h-4z",
  table: "M4 5h16M4 10h16M4 15h16M4 20h16",
  calendar: "M5 6h14v14H5zM5 10h14M9 3v4M15 3v4",
  activity: "M3 12h4l3-8 4 16 3-8h4",
  plus: "M12 5v14M5 12h14",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.5 15.5 21 21",
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6 6 18",
  back: "M14 6l-6 6 6 6",
  link: "M9 15l6-6M8 12l-2 2a3.5 3.5 0 0 0 5 5l2-2M16 12l2-2a3.5 3.5 0 0 0-5-5l-2 2",
  undo: "M9 7L4 12l5 5M4 12h11a5 5 0 0 1 0 10h-2",
  trash: "M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13",
  warning: "M12 4 2.5 20h19zM12 10v4M12 17v.5",
  check: "M5 13l4 4L19 7",
  filter: "M4 6h16M7 12h10M10 18h4",
};

export const Icon = ({ name }) =>
  html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${ICONS[name]} /></svg>`;

/** A value of a field with a list of values: a dot in its colour, and its label. */
export function Chip({ type, field, value }) {
  if (value === null || value === undefined || value === "") return html`<span class="faint">${t("none")}</span>`;
  const color = colorOf(type, field, value);
  return html`<span class="chip">${color && html`<i class="dot" style=${{ background: color }}></i>`}<span class="chip-text">${labelOf(type, field, value)}</span></span>`;
}

/** Who changed what, and through which door. Says so where nobody knows. */
export function By({ record }) {
  if (!record.actor) return html`<span>${t("changed_outside")}</span>`;
  const agent = record.metadata?.agent;
  return html`<span><strong>${person(record.actor)}</strong>${" "}<span class="faint">(${door(record.source)}${agent ? `, via ${agent}` : ""})</span></span>`;
}

/** The part of a long list that can be seen: {start, end, onScroll, ref}. */
export function useWindow(count, size, { columns = 1, over = 6 } = {}) {
  const ref = useRef(null);
  const [place, setPlace] = useState({ top: 0, height: 900 });
  const rows = Math.ceil(count / columns);
  const measure = () => {
    const node = ref.current;
    if (!node) return;
    setPlace((old) => {
      const top = Math.floor(node.scrollTop / size) * size;
      return old.top === top && old.height === node.clientHeight ? old : { top, height: node.clientHeight };
    });
  };
  useLayoutEffect(measure, []);
  useEffect(() => {
    const watch = new ResizeObserver(measure);
    if (ref.current) watch.observe(ref.current);
    return () => watch.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(place.top / size) - over);
  const start = Math.min(first, Math.max(0, rows - 1));
  const end = Math.min(rows, Math.ceil((place.top + place.height) / size) + over);
  return { ref, start, end, onScroll: measure, total: rows * size };
}

const BROWSING = /^(Arrow|Page|Home$|End$|.$)/;

/**
 * For a list whose choice is saved at once: with arrows and letters one only walks through the
 * values. {onKeyDown, onPointerDown, walks, end}: `walks()` tells that a change was such a step.
 */
export function useWalk() {
  const by = useRef(false);
  return {
    onKeyDown: (event) => {
      const opens = event.key === " " || event.altKey || event.key === "F4";
      if (BROWSING.test(event.key)) by.current = !opens;
    },
    onPointerDown: () => {
      by.current = false;
    },
    walks: () => by.current,
    end: () => {
      by.current = false;
    },
  };
}

export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p>${children}</div>`;
}

/** A question with two answers, above the page. Resolves to whether it was said yes to. */
export function Confirm({ question }) {
  const ref = useRef(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    return () => before?.focus?.();
  }, []);
  return html`<dialog ref=${ref} class="dialog small" aria-labelledby="question" onCancel=${(event) => (event.preventDefault(), question.answer(null))}>
    <h2 id="question">${question.title}</h2>
    ${question.lines?.length > 0 && html`<ul class="lines">${question.lines.map((one) => html`<li>${one}</li>`)}</ul>`}
    <div class="dialog-actions">
      <button type="button" class="button" onClick=${() => question.answer(null)}>${t("cancel")}</button>
      ${question.choices.map(({ label, value, danger, action }) => html`<button type="button" data-action=${action} class=${danger ? "button danger" : "button primary"} onClick=${() => question.answer(value)}>${label}</button>`)}
    </div>
  </dialog>`;
}
