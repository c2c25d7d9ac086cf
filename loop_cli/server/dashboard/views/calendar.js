// The calendar: what has a start or an end in a month. Drag it, or move it by keys.
import { hasField, nameOf, colorOf, isWritable, shown } from "../kinds.js";
import { html, useEffect, useMemo, useRef } from "../lib.js";
import { go, hrefOf, hrefOfView, route, setParams } from "../route.js";
import * as session from "../session.js";
import calendar from "../vendor/calendar.js";
import * as vault from "../vault.js";
import { language, t } from "../words.js";
import { change } from "./actions.js";
import { today } from "./board.js";
import { Empty, Icon } from "./common.js";
import { useFound } from "./find.js";

const STARTS = ["start_date", "start", "date"];
const ENDS = ["due", "deadline", "end_date", "end"];
const DAY = 86_400_000;
const MOST = 12; // items that begin on one day
const SHEET = "/dashboard/vendor/calendar.css";

/** The fields that say when an entity of a type begins and ends. */
export function dateFields(type) {
  return { start: STARTS.find((name) => hasField(type, name)), end: ENDS.find((name) => hasField(type, name)) };
}

export function Calendar({ type }) {
  const { start, end } = dateFields(type);
  const found = useFound(type);
  if (!start && !end) return html`<${Empty} title=${t("missing_place", { what: t("calendar") })} />`;
  return html`<${Month} ...${{ type, found, start, end }} />`;
}

function Month({ type, found, start, end }) {
  const place = useRef(null);
  const made = useRef(null);
  const events = useMemo(() => found.all.map((one) => eventOf(one, start, end)).filter(Boolean), [found.all, start, end]);
  const latest = useRef(events);
  latest.current = events;
  const month = route.value.params.get("month") || today().slice(0, 7);
  const speech = language.value;
  const mayWrite = session.mayWrite.value;
  useSheet();
  useEffect(() => {
    const locale = speech === "ko" ? "ko-KR" : "en-GB";
    made.current = calendar.create(place.current, {
      view: "dayGridMonth",
      date: `${month}-01`,
      locale,
      firstDay: speech === "ko" ? 0 : 1,
      height: "100%",
      dayMaxEvents: true,
      headerToolbar: { start: "", center: "", end: "" },
      editable: mayWrite,
      eventStartEditable: mayWrite,
      eventDurationEditable: mayWrite && !!start && !!end,
      eventSources: [{ events: ({ start: from, end: to }) => bearable(focusedFirst(latest.current).filter((one) => one.end > asText(from) && one.start < asText(to))) }],
      eventContent: ({ event }) => ({ domNodes: [inside(event)] }),
      eventClick: ({ event }) => go(hrefOfEvent(event, type, end || start)),
      eventAllUpdated: () => tidyRoles(place.current),
      datesSet: () => requestAnimationFrame(() => tidyRoles(place.current)),
      eventDrop: ({ event, revert }) => moved(event, revert, start, end),
      eventResize: ({ event, revert }) => moved(event, revert, start, end),
      eventDidMount: ({ el, event }) => {
        if (event.extendedProps.more) return;
        el.dataset.entityId = event.extendedProps.entity.entity_id;
        el.dataset.path = event.extendedProps.entity.path;
        el.setAttribute("aria-label", `${nameOf(event.extendedProps.entity)}, ${event.extendedProps.when}`);
      },
      buttonText: { close: t("close"), today: t("today"), next: t("month_next"), prev: t("month_prev") },
      moreContent: ({ num }) => `+${num}`,
    });
    return () => calendar.destroy(made.current);
  }, [type, speech, mayWrite]);
  useEffect(() => made.current?.setOption("date", `${month}-01`), [month]);
  useEffect(() => made.current?.refetchEvents(), [events]);
  const step = (by) => {
    const [year, number] = month.split("-").map(Number);
    const date = new Date(Date.UTC(year, number - 1 + by, 1));
    setParams({ month: date.toISOString().slice(0, 7) });
  };
  const title = new Date(`${month}-01T00:00`).toLocaleDateString(speech === "ko" ? "ko-KR" : "en-GB", { year: "numeric", month: "long" });
  return html`<div class="calendar-view">
    <div class="calendar-top"><h2 aria-live="polite">${title}</h2>
      <button type="button" class="icon-button" data-action="previous" aria-label=${t("month_prev")} onClick=${() => step(-1)}><span aria-hidden="true">‹</span></button>
      <button type="button" class="icon-button" data-action="next" aria-label=${t("month_next")} onClick=${() => step(1)}><span aria-hidden="true">›</span></button>
      <button type="button" class="button" onClick=${() => setParams({ month: null })}>${t("today")}</button>
      <span class="spacer"></span><details class="popover"><summary class="icon-button" aria-label=${t("keys")}>?</summary><p class="popover-box">${t("calendar_help")}</p></details>
    </div>
    <div class="calendar" ref=${place} onKeyDown=${(event) => mayWrite && byKey(event, { events, start, end })}></div>
  </div>`;
}

/** The calendar's own style sheet; a second one is not put in. */
function useSheet() {
  useEffect(() => {
    if (document.querySelector(`link[href="${SHEET}"]`)) return;
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = SHEET;
    document.head.prepend(link);
  }, []);
}

const isDay = (value) => typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value);

/** The calendar wants the day after the last one as the end. */
function eventOf(entity, start, end) {
  const from = isDay(entity.fields[start]) ? entity.fields[start] : null;
  const to = isDay(entity.fields[end]) ? entity.fields[end] : null;
  if (!from && !to) return null;
  const first = from && to && from > to ? to : from || to;
  const last = to || from;
  return {
    id: entity.path,
    allDay: true,
    start: first,
    end: later(last, 1),
    title: nameOf(entity),
    editable: isWritable(entity.entity_type, end || start),
    extendedProps: { entity, when: first === last ? first : `${first} – ${last}` },
    classNames: entity.waits ? ["waits"] : [],
  };
}

/** What has the focus comes first on its day: on a full day what comes late is hidden. */
function focusedFirst(events) {
  const path = document.activeElement?.closest(".calendar [data-path]")?.dataset.path;
  return path ? [...events].sort((a, b) => (b.id === path) - (a.id === path)) : events;
}

/** So many of one day as a person can look at; the table has the rest. */
function bearable(events) {
  const days = new Map();
  const found = [];
  for (const one of events) {
    const count = (days.get(one.start) || 0) + 1;
    days.set(one.start, count);
    if (count <= MOST) found.push(one);
  }
  for (const [date, count] of days) {
    if (count <= MOST) continue;
    const more = { more: true, date, count: count - MOST };
    found.push({ id: `more ${date}`, allDay: true, start: date, end: later(date, 1), title: `+${more.count}`, editable: false, extendedProps: more });
  }
  return found;
}

function hrefOfEvent(event, type, name) {
  const { more, date, entity } = event.extendedProps;
  if (!more) return hrefOf(type, entity.entity_id, vault.pathIfNeeded(entity));
  return hrefOfView("table", type, new URLSearchParams({ [name]: date }));
}

/** The calendar calls its parts cells without rows to be in, which tells a screen reader nothing. */
function tidyRoles(node) {
  if (!node) return;
  for (const one of node.querySelectorAll("[role=cell], [role=row], [role=rowgroup], [role=columnheader], [role=rowheader], [role=gridcell]")) {
    for (const { name } of [...one.attributes]) if (name === "role" || /^aria-(col|row)/.test(name)) one.removeAttribute(name);
  }
  for (const one of node.querySelectorAll("[role=table], [role=grid]")) {
    for (const { name } of [...one.attributes]) if (/^aria-(col|row)/.test(name)) one.removeAttribute(name);
    one.setAttribute("role", "group");
    one.setAttribute("aria-label", t("calendar"));
  }
}

function inside(event) {
  const { entity, more, count } = event.extendedProps;
  if (more) return Object.assign(document.createElement("span"), { className: "event-name", textContent: `+${count} ${t("more")}` });
  const box = document.createElement("span");
  box.className = "event-inside";
  const dot = document.createElement("i");
  dot.className = "dot";
  dot.style.background = colorOf(entity.entity_type, "status", entity.fields.status) || "currentColor";
  const name = document.createElement("span");
  name.className = "event-name";
  name.textContent = nameOf(entity);
  box.append(dot, name);
  return box;
}

const asText = (date) => (typeof date === "string" ? date : new Date(date - date.getTimezoneOffset() * 60_000).toISOString()).slice(0, 10);

function later(text, days) {
  return new Date(Date.parse(`${text}T00:00Z`) + days * DAY).toISOString().slice(0, 10);
}

function moved(event, revert, start, end) {
  const { entity } = event.extendedProps;
  const from = asText(event.start);
  const last = later(asText(event.end || event.start), event.end ? -1 : 0);
  const set = changed(entity, start, end, from, last);
  if (!Object.keys(set).length) return revert();
  change(entity, set).then((done) => done || revert());
}

/** Only what is there is changed: what had one date alone keeps having one, unless it was resized. */
function changed(entity, start, end, from, last) {
  const set = {};
  const had = (name) => name && isDay(entity.fields[name]);
  if (start && (had(start) || from !== last) && entity.fields[start] !== from) set[start] = from;
  if (end && (had(end) || from !== last) && entity.fields[end] !== last) set[end] = last;
  return set;
}

function byKey(event, { events, start, end }) {
  const days = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
  const path = event.target.closest?.("[data-path]")?.dataset.path;
  if (!days || !path || !event.shiftKey) return;
  event.preventDefault();
  const entity = events.find((one) => one.id === path)?.extendedProps.entity;
  if (!entity) return; // it is gone, and about to be drawn so
  if (!isWritable(entity.entity_type, end || start)) return;
  const set = {};
  for (const name of [start, end]) if (name && isDay(shown(entity.fields[name]))) set[name] = later(entity.fields[name], days);
  change(entity, set);
}

export { Icon };
