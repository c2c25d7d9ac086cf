// What is around every view: where one can go, what the connection is like, notices, dialogs.
import * as api from "../api.js";
import * as drafts from "../drafts.js";
import { closeBox } from "../focus.js";
import * as forms from "../forms.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import * as live from "../live.js";
import { act, dismiss, notices } from "../notices.js";
import { hrefOfView, route, setParams, VIEWS } from "../route.js";
import * as saving from "../saving.js";
import * as session from "../session.js";
import * as vault from "../vault.js";
import { fieldName, language, person, speak, t } from "../words.js";
import { question } from "./actions.js";
import { Board, groupField, groupFields } from "./board.js";
import { Confirm, Empty, Icon } from "./common.js";
import { Conflicts } from "./conflict.js";
import { Entity } from "./entity.js";
import { Filters } from "./find.js";
import { Palette } from "./palette.js";
import { SignIn } from "./signin.js";
import { columnsIn, Table } from "./table.js";
import { fieldsOf, isOwnName } from "../kinds.js";

const THEME = "loop:theme";

/** A view whose file is fetched when it is first shown. */
function later(fetch, name) {
  let found = null;
  return function Later(props) {
    const [ready, setReady] = useState(() => found);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (!found) fetch().then((module) => setReady(() => (found = module[name])), () => setFailed(true));
    }, []);
    if (failed) return html`<${Empty} title=${t("unreachable")} />`;
    return ready ? html`<${ready} ...${props} />` : html`<p class="page quiet" role="status">${t("loading")}</p>`;
  };
}

const Calendar = later(() => import("./calendar.js"), "Calendar");
const Activity = later(() => import("./activity.js"), "Activity");
const Create = later(() => import("./create.js"), "Create");

export function Shell({ signedIn }) {
  const [palette, setPalette] = useState(false);
  const [menu, setMenu] = useState(false);
  const now = route.value;
  document.documentElement.lang = language.value;
  useKeys({ setPalette, menu, setMenu });
  useEffect(() => {
    setMenu(false);
    if (menu) document.getElementById("main").focus({ preventScroll: true });
  }, [now]);
  useEffect(() => {
    if (menu) document.querySelector(".side button").focus();
  }, [menu]);
  useEffect(() => {
    if (now.view !== "entity") document.title = `${[t(now.view), now.type].filter(Boolean).join(" · ")} · loop`;
  }, [now, language.value]);
  const clash = saving.conflicts.value.length > 0; // nothing is above it
  useEffect(() => {
    if (clash) setPalette(false);
  }, [clash]);
  const state = session.state.value;
  if (state === "starting") return html`<p class="page quiet" role="status">${t("loading")}</p>`;
  if (state === "out") return html`<main class="centered"><${SignIn} done=${signedIn} /></main>`;
  return html`<div class=${menu ? "shell menu-open" : "shell"}>
    <a class="skip" href="#main" onClick=${(event) => (event.preventDefault(), document.getElementById("main").focus())}>${t("skip")}</a>
    <${Side} openPalette=${() => setPalette(true)} />
    ${menu && html`<button type="button" class="veil" aria-label=${t("close")} onClick=${() => setMenu(false)}></button>`}
    <div class="content">
      <header class="top-bar"><button type="button" class="icon-button" aria-label=${t("menu")} aria-expanded=${menu} onClick=${() => setMenu(!menu)}><${Icon} name="menu" /></button><span class="top-title">loop</span><span class="spacer"></span><button type="button" class="icon-button" aria-label=${t("palette")} onClick=${() => setPalette(true)}><${Icon} name="search" /></button></header>
      <${Banners} signedIn=${signedIn} />
      <main id="main" tabindex="-1" aria-label=${t("main")}>${session.who.value || state === "in" ? html`<${View} now=${now} />` : null}</main>
    </div>
    <${Notices} />
    ${palette && !clash && html`<${Palette} close=${() => setPalette(false)} />`}
    ${question.value && !clash && html`<${Confirm} question=${question.value} />`}
    <${Conflicts} />
  </div>`;
}

function useKeys({ setPalette, menu, setMenu }) {
  const closeMenu = useRef(null);
  closeMenu.current = () => {
    if (!menu) return false;
    setMenu(false);
    document.querySelector(".top-bar [aria-expanded]").focus();
    return true;
  };
  useEffect(() => {
    const onKey = (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        setPalette((is) => !is && !saving.conflicts.value.length);
        return;
      }
      if (event.key === "Escape" && !event.target.closest?.("dialog") && (closeBox(event.target) || closeMenu.current())) return event.preventDefault();
      const typing = event.target.closest?.("input:not([type=checkbox], [type=radio]), textarea, dialog, [contenteditable]");
      const busy = typing || event.target.closest?.("select");
      if (!typing && (event.ctrlKey || event.metaKey) && event.key === "z" && act()) return event.preventDefault();
      if (busy || event.ctrlKey || event.metaKey || event.altKey) return;
      const type = typeNow();
      const to = { 1: "board", 2: "table", 3: "calendar" }[event.key];
      if (to) location.hash = hrefOfView(to, type, route.value.params);
      else if (event.key === "/") document.querySelector("[data-filter=q]")?.focus();
      else if (event.key === "c" && session.mayWrite.value) location.hash = `#/new/${encodeURIComponent(type)}`;
      else if (event.key === "?") setPalette(true);
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}

/** The type that the views are of. */
export function typeNow() {
  const { type, view, kind } = route.value;
  const all = vault.schema.value?.order || [];
  if (type) return all.find((one) => one.toLowerCase() === type.toLowerCase()) || type;
  if (view === "entity") return all.find((one) => one.toLowerCase() === kind) || all[0] || "Task";
  return all.includes("Task") ? "Task" : all[0] || "Task";
}

function View({ now }) {
  if (vault.problem.value) return html`<${Broken} failure=${vault.problem.value} />`;
  if (!vault.schema.value) return html`<p class="page quiet" role="status">${t("loading")}</p>`;
  if (now.view === "entity") return html`<${Entity} id=${now.id} path=${now.params.get("path") || undefined} />`;
  if (now.view === "activity") return html`<${Activity} />`;
  if (now.view === "new") return html`<${Create} key=${now.type} type=${typeNow()} />`;
  return html`<${Listing} view=${now.view} type=${typeNow()} />`;
}

function Listing({ view, type }) {
  const collection = vault.collection(type);
  useEffect(() => {
    vault.load(type);
    const named = { Task: ["Project"] }[type] || [];
    for (const other of named) if (vault.schema.value.types[other]) vault.load(other);
  }, [type]);
  const state = collection.state.value;
  const count = collection.version.value >= 0 ? collection.items.size : 0;
  const of = { board: Board, table: Table, calendar: Calendar }[view];
  return html`<div class="listing">
    <header class="listing-top">
      <h1>${type} <span class="count">${state === "loading" && count ? t("loading_n", { n: count, total: collection.total.value }) : count}</span></h1>
      <nav class="tabs" aria-label=${t("open")}>${VIEWS.map((one) => html`<a class=${one === view ? "tab on" : "tab"} aria-current=${one === view ? "page" : undefined} href=${hrefOfView(one, type, route.value.params)} data-view=${one}><${Icon} name=${one} /><span class="tab-text">${t(one)}</span></a>`)}</nav>
      <span class="spacer"></span>
      ${session.mayWrite.value && html`<a class="button primary" data-action="new" href=${`#/new/${encodeURIComponent(type)}`}><${Icon} name="plus" /><span class="tab-text">${t("new")}</span></a>`}
    </header>
    <${Filters} type=${type}><${Choosing} view=${view} type=${type} /><//>
    ${state === "failed" ? html`<${Empty} title=${collection.failure.message}><button type="button" class="button" onClick=${() => vault.load(type)}>${t("retry")}</button><//>` : state === "ready" && count === 0 && view !== "board" ? html`<${Nothing} type=${type} />` : state !== "ready" && !count ? html`<p class="page quiet" role="status">${t("loading")}</p>` : html`${count === 0 && html`<${Nothing} type=${type} />`}<${of} key=${type} type=${type} />`}
  </div>`;
}

function Nothing({ type }) {
  return html`<${Empty} title=${t("empty_type", { type })}><p class="quiet">${t("empty_vault")}</p>${session.mayWrite.value && html`<a class="button primary" href=${`#/new/${encodeURIComponent(type)}`}>${t("new_type", { type })}</a>`}<//>`;
}

function Choosing({ view, type }) {
  if (view === "board") {
    return html`<label class="choosing"><span>${t("group_by")}</span><select class="filter" data-group value=${groupField(type)} onChange=${(event) => setParams({ group: event.currentTarget.value === "status" ? null : event.currentTarget.value })}>${groupFields(type).map((name) => html`<option value=${name}>${fieldName(name)}</option>`)}</select></label>`;
  }
  if (view !== "table") return null;
  const names = columnsIn(type);
  const all = [...new Set([...names, ...fieldsOf(type)])].filter((name) => !isOwnName(name) && name !== vault.schema.value.names.name);
  const turn = (name) => setParams({ columns: all.filter((one) => (one === name ? !names.includes(one) : names.includes(one))).join(",") });
  return html`<details class="popover"><summary class="filter">${t("columns")}</summary><div class="popover-box" role="group" aria-label=${t("columns")}>${all.map((name) => html`<label class="choice"><input type="checkbox" checked=${names.includes(name)} onChange=${() => turn(name)} />${fieldName(name)}</label>`)}</div></details>`;
}

function Broken({ failure }) {
  return html`<${Empty} title=${t("problem")}>
    <pre class="problem" role="alert" tabindex="0">${failure.message}</pre><p class="quiet">${t("problem_hint")}</p>
    <button type="button" class="button primary" data-action="retry" onClick=${() => vault.begin().catch(() => {})}>${t("retry")}</button><//>`;
}

function Side({ openPalette }) {
  const now = route.value;
  const type = typeNow();
  const all = vault.schema.value?.order || [];
  const counts = vault.counts.value;
  const view = VIEWS.includes(now.view) ? now.view : "board";
  const shownTypes = [...all].sort((a, b) => rank(a) - rank(b));
  return html`<nav class="side" aria-label=${t("menu")}>
    <div class="side-top"><img src="/dashboard/icon.svg" alt="" width="24" height="24" /><strong>loop</strong></div>
    <button type="button" class="side-search" onClick=${openPalette}><${Icon} name="search" /><span>${t("search")}</span><kbd>Ctrl K</kbd></button>
    <ul class="side-list">
      <li><a class=${now.view === "activity" ? "side-link on" : "side-link"} aria-current=${now.view === "activity" ? "page" : undefined} href="#/activity"><${Icon} name="activity" />${t("activity")}</a></li>
    </ul>
    <h2 class="side-title">${t("types")}</h2>
    <ul class="side-list types">${shownTypes.map((one) => {
      const on = one === type && now.view !== "activity";
      return html`<li><a class=${on ? "side-link on" : counts[one] === 0 ? "side-link none" : "side-link"} aria-current=${on ? "page" : undefined} href=${hrefOfView(view, one)}>${one}<span class="count">${counts[one] ?? ""}</span></a></li>`;
    })}</ul>
    <span class="spacer"></span>
    <${Unsaved} />
    <${Settings} />
  </nav>`;
}

const rank = (type) => (type === "Task" ? 0 : type === "Project" ? 1 : 2);

function Unsaved() {
  drafts.changes.value;
  const ids = forms.unsaved();
  if (!ids.length) return null;
  return html`<details class="unsaved"><summary>${t("not_saved_n", { n: ids.length })}</summary><ul class="side-list">${ids.slice(0, 20).map((id) => html`<li><a class="side-link" href=${id.startsWith("new:") ? `#/new/${encodeURIComponent(id.slice(4))}` : `#/entity/${encodeURIComponent(id)}`}>${id.replace(/^new:/, `${t("new")}: `)}</a></li>`)}</ul></details>`;
}

function Settings() {
  const who = session.who.value;
  const theme = document.documentElement.dataset.theme || "system";
  const [, again] = useState(0);
  const choose = (value) => {
    applyTheme(value);
    again((n) => n + 1);
  };
  const leave = async () => {
    await api.signOut().catch(() => {});
    live.stop();
    session.who.value = null;
    session.state.value = "out";
  };
  return html`<div class="settings">
    <div class="settings-row"><span class=${`lamp ${live.connected.value ? "on" : ""}`}></span><span class="faint" data-connection=${live.connected.value ? "live" : "off"}>${live.connected.value ? t("live") : t("not_live")}</span></div>
    <div class="settings-row">
      <select class="filter" aria-label=${t("language")} data-setting="language" value=${language.value} onChange=${(event) => speak(event.currentTarget.value)}><option value="en">English</option><option value="ko">한국어</option></select>
      <select class="filter" aria-label=${t("theme")} data-setting="theme" value=${theme} onChange=${(event) => choose(event.currentTarget.value)}>${["system", "light", "dark"].map((one) => html`<option value=${one}>${t(one)}</option>`)}</select>
    </div>
    ${who && html`<div class="settings-row who-am-i"><span class="avatar" aria-hidden="true">${[...person(who.actor)][0]}</span><span class="who-name" title=${who.actor}>${person(who.actor)}</span><button type="button" class="link-button" data-action="sign-out" onClick=${leave}>${t("sign_out")}</button></div>`}
  </div>`;
}

export function applyTheme(value) {
  if (value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = value;
  try {
    localStorage.setItem(THEME, value);
  } catch {
    // it is only for this page then
  }
}

export function beginTheme() {
  try {
    const kept = localStorage.getItem(THEME);
    if (kept && kept !== "system") document.documentElement.dataset.theme = kept;
  } catch {
    // as the system
  }
}

function Banners({ signedIn }) {
  const expired = session.state.value === "expired";
  const waits = saving.waiting.value;
  return html`
    ${expired && html`<${SignIn} done=${signedIn} expired />`}
    ${!session.online.value && html`<p class="banner warn" role="status" data-notice="offline"><${Icon} name="warning" />${t("offline")}</p>`}
    ${waits > 0 && html`<p class="banner" role="status" data-notice="unsent">${t("unsent", { n: waits })}</p>`}
    ${session.who.value && !session.mayWrite.value && html`<p class="banner" data-notice="read-only">${t("read_only")}</p>`}`;
}

function Notices() {
  return html`<div class="notices" role="status" aria-live="polite">${notices.value.map((one) => html`<div key=${one.id} class=${`notice ${one.kind}`} data-notice=${one.kind} data-notice-id=${one.id}>
    <span class="notice-text">${one.text}</span>
    ${one.action && html`<button type="button" class="link-button" data-action="undo" onClick=${() => (dismiss(one.id), one.action.run())}>${one.action.label}</button>`}
    <button type="button" class="icon-button small" aria-label=${t("close")} onClick=${() => dismiss(one.id)}><${Icon} name="close" /></button>
  </div>`)}</div>`;
}
