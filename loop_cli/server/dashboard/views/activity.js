// What happened in the vault: who, what, when; runs can be taken back.
import * as api from "../api.js";
import { html, useEffect, useState } from "../lib.js";
import * as live from "../live.js";
import { hrefOf, route, setParams } from "../route.js";
import * as session from "../session.js";
import * as vault from "../vault.js";
import { ago, door, moment, person, t } from "../words.js";
import { undoRun } from "./actions.js";
import { By, Empty, Icon } from "./common.js";
import { Diff } from "./entity.js";

const PAGE = 100;
const SOURCES = ["ui", "cli", "api", "script"];
const ACTIONS = ["create", "update", "delete", "move", "approve", "reject"];

export function Activity() {
  const { params } = route.value;
  const [limit, setLimit] = useState(PAGE);
  const [found, setFound] = useState(null);
  const [failure, setFailure] = useState(null);
  const news = live.news.value.count;
  const query = Object.fromEntries(["actor", "source", "action", "entity_id", "since"].map((name) => [name, params.get(name) || undefined]));
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      api.audit({ ...query, limit }).then((data) => current && (setFound(data.logs), setFailure(null)), (error) => current && setFailure(error));
    }, found ? 150 : 0);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [news, limit, String(params)]);
  const actors = [...new Set([...(found || []).map((one) => one.actor), ...Object.values(vault.schema.value.members || {}).map((one) => `user:${one.name}`)])].filter(Boolean);
  return html`<div class="listing">
    <header class="listing-top"><h1>${t("activity")} <span class="count">${found ? found.length : ""}</span></h1></header>
    <div class="filters" role="search" aria-label=${t("filter")}>
      <${Choose} name="actor" label=${t("who")} values=${actors} words=${person} />
      <${Choose} name="source" label=${t("source")} values=${SOURCES} words=${door} />
      <${Choose} name="action" label=${t("what")} values=${ACTIONS} words=${(one) => t(`action_${one}`)} />
      <${OfEntity} />
      <label class="choosing"><span>${t("since")}</span><input type="date" class="filter" data-filter="since" value=${params.get("since") || ""} onChange=${(event) => setParams({ since: event.currentTarget.value })} /></label>
    </div>
    ${failure ? html`<${Empty} title=${failure.message} />` : !found ? html`<p class="page quiet" role="status">${t("loading")}</p>` : found.length === 0 ? html`<${Empty} title=${t("audit_empty")} />` : html`<${Runs} logs=${found} />`}
    ${found && found.length === limit && html`<p class="page"><button type="button" class="button" onClick=${() => setLimit(limit + PAGE * 2)}>${t("more")}</button></p>`}
  </div>`;
}

/** Counts once it is whole. Records that come while somebody types leave alone what is typed. */
function OfEntity() {
  const [typed, setTyped] = useState(null); // null: what the address says
  const shown = typed ?? (route.value.params.get("entity_id") || "");
  const take = (event) => {
    setTyped(null);
    setParams({ entity_id: event.currentTarget.value.trim() });
  };
  return html`<label class="filter-text"><${Icon} name="search" /><span class="sr-only">${t("entity")}</span><input type="search" placeholder=${t("entity")} data-filter="entity_id" value=${shown} onInput=${(event) => setTyped(event.currentTarget.value)} onChange=${take} onBlur=${() => setTyped(null)} /></label>`;
}

function Choose({ name, label, values, words }) {
  const chosen = route.value.params.get(name) || "";
  const all = [...new Set([...values, chosen].filter(Boolean))];
  return html`<select class=${chosen ? "filter on" : "filter"} aria-label=${label} data-filter=${name} value=${chosen} onChange=${(event) => setParams({ [name]: event.currentTarget.value })}><option value="">${label}</option>${all.map((one) => html`<option value=${one}>${words(one)}</option>`)}</select>`;
}

/** Records next to each other of one run are shown as one. */
function Runs({ logs }) {
  const runs = [];
  for (const one of logs) {
    const last = runs[runs.length - 1];
    if (last && last[0].run_id === one.run_id) last.push(one);
    else runs.push([one]);
  }
  return html`<ol class="activity" aria-label=${t("activity")}>${runs.map((records) => html`<${Run} key=${records[0].run_id + records[0].timestamp} records=${records} />`)}</ol>`;
}

const FEW = 5;

function Run({ records }) {
  const [all, setAll] = useState(false);
  const [first] = records;
  const undoes = first.metadata?.undoes;
  const shown = all ? records : records.slice(0, FEW);
  return html`<li class="run" data-run=${first.run_id}>
    <div class="run-top"><span class="avatar" aria-hidden="true">${[...person(first.actor)][0]}</span>
      <p><${By} record=${first} />${" "}${t(`action_${undoes ? "undo" : first.action}`)}${records.length > 1 ? html` <strong>${records.length}</strong>` : ""} · <time datetime=${first.timestamp} title=${moment(first.timestamp)}>${ago(first.timestamp)}</time></p>
      <span class="spacer"></span>
      ${session.mayWrite.value && html`<button type="button" class="link-button" data-action="undo" onClick=${() => undoRun(first.run_id)}>${t("undo")}</button>`}</div>
    <ul>${shown.map((one) => html`<li class="run-one"><a href=${hrefOf(one.entity_type, one.entity_id)}>${one.entity_name || one.entity_id}</a> <span class="faint entity-id">${one.entity_id}</span><${Diff} diff=${one.diff} type=${one.entity_type} /></li>`)}</ul>
    ${records.length > shown.length && html`<button type="button" class="link-button" onClick=${() => setAll(true)}>${t("more")} (${records.length - shown.length})</button>`}
  </li>`;
}
