// One entity: its fields and its text as a form, links, and its history.
import * as api from "../api.js";
import { goToWrong } from "../focus.js";
import * as forms from "../forms.js";
import { fieldsOf, hasField, isOwnName, isRequired, isWritable, labelOf, nameOf, same, shown } from "../kinds.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib.js";
import * as live from "../live.js";
import { notify } from "../notices.js";
import { go, hrefOf, hrefOfView } from "../route.js";
import * as saving from "../saving.js";
import * as session from "../session.js";
import * as vault from "../vault.js";
import { ago, fieldName, moment, person, t } from "../words.js";
import { deleteEntity, undoRun } from "./actions.js";
import { By, Chip, Empty, Icon } from "./common.js";
import { Control } from "./fields.js";
import { Markdown } from "./markdown.js";

export function Entity({ id, path }) {
  const form = forms.formOf(id, path);
  const now = form.value;
  useEffect(() => live.news.subscribe(({ last }) => forget(form, last, id)), [form]);
  useEffect(() => {
    if (now.state === "gone" || now.state === "failed") forms.fill(form);
    else forms.catchUp(form);
    return () => forms.close(form);
  }, [form]);
  useEffect(() => {
    document.title = now.base ? `${nameOf(now.base)} · loop` : "loop";
  }, [now.base]);
  if (now.failure?.data?.code === "ambiguous_id" || now.failure?.data?.paths) return html`<${ChooseFile} id=${id} failure=${now.failure} />`;
  if (!now.base) return html`<${Nothing} form=${form} />`;
  return html`<${Opened} key=${id} form=${form} />`;
}

function forget(form, record, id) {
  if (record === null || record.entity_id === id) forms.catchUp(form);
}

function Nothing({ form }) {
  const { state, failure, id } = form.value;
  if (state === "loading") return html`<p class="page quiet" role="status">${t("loading")}</p>`;
  if (state === "gone") return html`<${Empty} title=${t("gone", { id })}><a class="button" href="#/">${t("board")}</a><//>`;
  return html`<${Empty} title=${failure?.message}><button type="button" class="button" onClick=${() => forms.fill(form)}>${t("retry")}</button><//>`;
}

function ChooseFile({ id, failure }) {
  const paths = failure.data.paths || [];
  return html`<${Empty} title=${t("other_file")}><ul class="lines">${paths.map((path) => html`<li><a href=${hrefOf(null, id, path)}>${path}</a></li>`)}</ul><//>`;
}

function Opened({ form }) {
  const { base, state } = form.value;
  const heading = useRef(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const place = useRef(null);
  const anyWrong = Object.keys(form.value.errors).length > 0;
  useEffect(() => anyWrong && goToWrong(place.current), [anyWrong]);
  const submit = (event) => {
    event?.preventDefault();
    if (event?.type === "submit" && form.value.state === "saving") return undefined;
    return saveForm(form);
  };
  const onKeyDown = (event) => {
    if ((event.ctrlKey || event.metaKey) && (event.key === "Enter" || event.key === "s")) {
      event.preventDefault();
      if (event.currentTarget.reportValidity()) submit(event); // half a date is none
    }
  };
  const names = useMemo(() => namesOf(base), [base]);
  const disabled = !session.mayWrite.value;
  return html`<form ref=${place} class="entity page" data-entity-id=${base.entity_id} onSubmit=${submit} onKeyDown=${onKeyDown} aria-busy=${state === "saving"}>
    <${Top} form=${form} heading=${heading} />
    <${Since} form=${form} />
    <${Failed} form=${form} />
    <div class="entity-columns">
      <section class="entity-text">
        <${Title} form=${form} disabled=${disabled} />
        <${Body} form=${form} disabled=${disabled} />
        <${Links} entity=${base} />
        <${History} form=${form} />
      </section>
      <section class="entity-fields" aria-label=${t("fields")}>
        ${names.shown.map((name) => html`<${Field} key=${name} ...${{ form, name, disabled }} />`)}
        ${names.rest.length > 0 && html`<details class="rest"><summary>${t("others")}</summary>${names.rest.map((name) => html`<${Field} key=${name} ...${{ form, name, disabled }} />`)}</details>`}
        <dl class="facts">
          <div><dt>${fieldName("created")}</dt><dd>${shown(base.fields[vault.schema.value.names.created]) || "–"}</dd></div>
          <div><dt>${fieldName("updated")}</dt><dd title=${base.updated_at}>${ago(base.updated_at)}</dd></div>
          <div><dt>${t("file")}</dt><dd class="path">${base.path}</dd></div>
        </dl>
      </section>
    </div>
  </form>`;
}

/** The fields to show at once: those that have a value, are required, or are used most; and others. */
function namesOf(base) {
  const type = base.entity_type;
  const usual = ["status", "priority", "assignee", "owner", "due", "start_date", "project_id", "parent_id", "type", "tags"];
  const own = vault.schema.value.names.name;
  const all = [...new Set([...usual.filter((name) => hasField(type, name)), ...fieldsOf(type), ...Object.keys(base.fields)])].filter((name) => name !== own && !isOwnName(name));
  const has = (name) => shown(base.fields[name]) !== "";
  const first = (name) => has(name) || isRequired(type, name) || (usual.includes(name) && isWritable(type, name));
  return { shown: all.filter(first), rest: all.filter((name) => !first(name) && isWritable(type, name)) };
}

export async function saveForm(form, how) {
  try {
    const done = await forms.save(form, how);
    if (done.outcome === "saved") {
      const { run } = done;
      notify(t("saved"), { kind: "good", topic: "saved", action: run && done.entity.changed !== false ? { label: t("undo"), run: () => undoRun(run) } : null });
    }
    if (done.outcome === "nothing") notify(t("nothing_to_save"), { topic: "saved" });
    if (done.outcome === "reloaded" && form.value.state === "gone") go("#/");
  } catch (failure) {
    if (!(failure instanceof api.Failure)) throw failure;
  }
}

function Top({ form, heading }) {
  const { base, state, raw, body } = form.value;
  const dirty = forms.isDirty({ raw, body });
  const type = base.entity_type;
  const copy = async () => {
    await navigator.clipboard?.writeText(location.href);
    notify(t("copied"), { topic: "copied" });
  };
  return html`<header class="entity-top">
    <a class="icon-button" href=${hrefOfView("board", type)} aria-label=${t("board")} title=${t("board")}><${Icon} name="back" /></a>
    <h1 class="crumb" tabindex="-1" ref=${heading}><span class="faint">${type}</span> <span class="entity-id">${base.entity_id}</span><span class="sr-only"> ${nameOf(base)}</span></h1>
    <span class="spacer"></span>
    <span class="state" role="status">${state === "saving" ? t("saving") : dirty ? t("not_saved") : ""}</span>
    <button type="button" class="icon-button" onClick=${copy} aria-label=${t("copy_link")} title=${t("copy_link")}><${Icon} name="link" /></button>
    ${session.mayWrite.value && html`<button type="button" class="icon-button" data-action="delete" onClick=${() => deleteEntity(base)} aria-label=${t("delete")} title=${t("delete")}><${Icon} name="trash" /></button>
    ${dirty && html`<button type="button" class="button" data-action="discard" onClick=${() => forms.reload(form)}>${t("discard")}</button>`}
    <button type="submit" class="button primary" data-action="save" aria-disabled=${state === "saving"} title="Ctrl+S">${t("save")}</button>`}
  </header>`;
}

/** What others did since the form was filled; said before anyone saves. */
function Since({ form }) {
  const { changes, fromDraft, latest, base } = form.value;
  const dirty = forms.isDirty(form.value);
  return html`
    ${fromDraft && html`<p class="banner" role="status" data-notice="draft">${t("draft_kept")}</p>`}
    ${changes && html`<div class="banner warn" role="status" data-notice="changed">
      <${Icon} name="warning" />
      <div class="banner-text"><strong>${latest ? t("changed_since") : t("gone", { id: base.entity_id })}</strong>
        <ul class="who">${whoChanged(changes).map((one) => html`<li>${one}</li>`)}</ul></div>
      ${latest && (dirty
        ? html`<button type="button" class="button" data-action="compare" onClick=${() => saveForm(form, saving.compare)}>${t("compare")}</button>`
        : html`<button type="button" class="button" data-action="reload" onClick=${() => forms.takeLatest(form)}>${t("show_now")}</button>`)}
    </div>`}`;
}

/** Sentences on who changed what; they never guess. */
export function whoChanged({ records, outside, fields }) {
  const said = records.map((one) => html`<${By} record=${one} />${": "}${whatOf(one)} · <time datetime=${one.timestamp} title=${moment(one.timestamp)}>${ago(one.timestamp)}</time>`);
  if (outside) said.push(html`<span>${t("changed_outside")}${fields?.length && !records.length ? `: ${fields.map(fieldName).join(", ")}` : ""}</span>`);
  return said;
}

export function whatOf(record) {
  if (record.action === "delete") return t("deleted_by");
  if (record.action === "create") return t("created_by");
  const fields = (record.modified_fields || []).map(fieldName).join(", ");
  if (record.action === "move") return [t("moved"), fields].filter(Boolean).join(": ");
  return fields || t("action_undo");
}

function Failed({ form }) {
  const { failure, errors, base } = form.value;
  if (!failure) return null;
  const shownHere = (name) => name === "body" || name in base.fields || hasField(base.entity_type, name);
  const rest = Object.entries(errors).filter(([name]) => !shownHere(name));
  return html`<div class="banner bad" role="alert"><${Icon} name="warning" /><div class="banner-text">${failure.message.split("\n").map((line) => html`<div>${line}</div>`)}${rest.map(([name, words]) => html`<div>${name}: ${words}</div>`)}</div></div>`;
}

function Title({ form, disabled }) {
  const { base } = form.value;
  const name = vault.schema.value.names.name;
  const id = `field-${name}`;
  const fit = (node) => {
    if (!node) return;
    node.style.height = "auto";
    node.style.height = `${node.scrollHeight}px`;
  };
  const raw = forms.rawOf(form, name);
  const ref = useRef(null);
  useEffect(() => fit(ref.current), [raw]);
  const oneLine = (event) => {
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) event.preventDefault();
  };
  return html`<div class=${name in form.value.raw ? "title-field changed" : "title-field"}>
    <label class="sr-only" for=${id}>${fieldName(name)}</label>
    <textarea ref=${ref} id=${id} class="title" rows="1" data-field=${name} value=${raw} placeholder=${base.entity_id} disabled=${disabled || !isWritable(base.entity_type, name)} onKeyDown=${oneLine} onInput=${(event) => forms.type(form, name, event.currentTarget.value.replace(/\n/g, " "))}></textarea>
    <${Marks} form=${form} name=${name} />
  </div>`;
}

/** What is wrong with a field, and what it is now where others changed it. */
function Marks({ form, name }) {
  const { errors, latest, base, changes } = form.value;
  const error = errors[name];
  const words = error === "number" ? t("invalid_number") : error === "json" ? t("invalid_json") : error;
  const moved = changes && latest && name !== "body" && !same(latest.fields[name], base.fields[name]);
  return html`${words && html`<p class="error" id=${`error-${name}`} role="alert">${words}</p>`}
    ${moved && html`<p class="moved" data-now=${name}>${t("now_value", { value: labelOf(base.entity_type, name, latest.fields[name]) || t("none") })}</p>`}`;
}

function Field({ form, name, disabled }) {
  const { base, raw } = form.value;
  const type = base.entity_type;
  const kind = forms.kindIn(form, name);
  useEffect(() => {
    if (kind.of && vault.schema.value.types[kind.of]) vault.load(kind.of);
  }, [kind.of]);
  const writable = isWritable(type, name);
  const id = `field-${name}`;
  const of = typeof base.fields[name] === "string" && kind.of ? base.fields[name] : null;
  return html`<div class=${name in raw ? "field changed" : "field"}>
    <label class="field-name" for=${id}>${fieldName(name)}${isRequired(type, name) && html`<span class="faint" aria-hidden="true"> *</span>`}</label>
    <div class="field-value">
      ${writable
        ? html`<${Control} ...${{ type, name, value: base.fields[name], raw: forms.rawOf(form, name), disabled, id, invalid: !!form.value.errors[name], describedBy: form.value.errors[name] ? `error-${name}` : undefined }} onInput=${(text) => forms.type(form, name, text)} />`
        : kind.kind === "json" ? html`<pre class="fixed code" id=${id} data-field=${name} tabindex="0">${forms.rawOf(form, name)}</pre>`
        : html`<output class="fixed" id=${id} data-field=${name}>${kind.kind === "choice" ? html`<${Chip} type=${type} field=${name} value=${base.fields[name]} />` : shown(base.fields[name]) || "–"}</output>`}
      ${of && html`<a class="of" href=${hrefOf(kind.of, of)}>${nameOf(vault.named(kind.of, of)) || of}</a>`}
      <${Marks} form=${form} name=${name} />
    </div>
  </div>`;
}

function Body({ form, disabled }) {
  const { base, body, latest, changes } = form.value;
  const text = body ?? base.body;
  const [writing, setWriting] = useState(body !== null);
  const ref = useRef(null);
  useEffect(() => {
    const node = ref.current;
    if (!node || !writing) return;
    node.style.height = "auto";
    node.style.height = `${Math.max(220, node.scrollHeight + 4)}px`;
  }, [text, writing]);
  const tab = (name, on) => html`<button type="button" class=${writing === on ? "tab on" : "tab"} aria-pressed=${writing === on} data-action=${on ? "write" : "preview"} onClick=${() => setWriting(on)}>${name}</button>`;
  return html`<div class=${body === null ? "body" : "body changed"}>
    <div class="body-top"><h2>${t("body")}</h2>${!disabled && html`<div class="tabs" role="group" aria-label=${t("body")}>${tab(t("preview"), false)}${tab(t("write"), true)}</div>`}</div>
    ${writing && !disabled
      ? html`<textarea ref=${ref} class="control code body-input" data-field="body" aria-label=${t("body")} value=${text} onInput=${(event) => forms.typeBody(form, event.currentTarget.value)}></textarea>`
      : html`<${Markdown} text=${text} onOpen=${disabled ? null : () => setWriting(true)} />`}
    ${changes && latest && latest.body !== base.body && html`<p class="moved" data-now="body">${t("changed_since")}</p>`}
    ${form.value.errors.body && html`<p class="error" role="alert">${form.value.errors.body}</p>`}
  </div>`;
}

function Links({ entity }) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    let current = true;
    const names = ["parent_id", "project_id"].filter((name) => name === "parent_id" || entity.entity_type === "Project");
    Promise.all(names.map((name) => api.list({ where: `${name}=${entity.entity_id}`, limit: 50 }).catch(() => ({ entities: [], total: 0 })))).then((pages) => {
      if (!current) return;
      const all = new Map(pages.flatMap((page) => page.entities).map((one) => [one.path, one]));
      setFound({ all: [...all.values()], total: Math.max(...pages.map((page) => page.total), all.size) });
    });
    return () => {
      current = false;
    };
  }, [entity.entity_id, entity.etag]);
  if (!found || !found.all.length) return null;
  return html`<section class="linked"><h2>${t("linked_from")} <span class="count">${found.total}</span></h2>
    <ul class="rows">${found.all.map((one) => html`<li><a href=${hrefOf(one.entity_type, one.entity_id)}><${Chip} type=${one.entity_type} field="status" value=${one.fields.status} /><span class="row-name">${nameOf(one)}</span><span class="faint">${one.entity_id}</span></a></li>`)}</ul></section>`;
}

function History({ form }) {
  const { id, base, latest, path } = form.value;
  const [events, setEvents] = useState(null);
  useEffect(() => {
    let current = true;
    api.history(id, path).then((data) => current && setEvents(data.events), () => current && setEvents([]));
    return () => {
      current = false;
    };
  }, [id, latest?.etag]);
  if (!events || !events.length) return null;
  return html`<section class="history"><h2>${t("history")}</h2>
    <ol class="events">${events.map((one) => html`<${Event} key=${one.run_id + one.timestamp} event=${one} type=${base.entity_type} />`)}</ol></section>`;
}

function Event({ event, type }) {
  if (event.kind !== "record") return html`<li class="event"><p>${t("changed_outside")}</p></li>`;
  return html`<li class=${event.taken_back ? "event back" : "event"}>
    <p><${By} record=${event} />${" "}${t(`action_${event.undoes ? "undo" : event.action}`)}${event.taken_back ? html` <span class="tag">${t("was_undone")}</span>` : ""}${" · "}<time datetime=${event.timestamp} title=${moment(event.timestamp)}>${ago(event.timestamp)}</time>
      ${session.mayWrite.value && !event.taken_back && html`<button type="button" class="link-button" data-action="undo" onClick=${() => undoRun(event.run_id)}>${t("undo")}</button>`}</p>
    <${Diff} diff=${event.diff} type=${type} />
  </li>`;
}

/** Old and new values of a record. */
export function Diff({ diff, type }) {
  const names = Object.keys(diff || {});
  if (!names.length) return null;
  return html`<ul class="diff">${names.map((name) => {
    const { old: before, new: after } = diff[name] || {};
    if (name === "body") return html`<li>${fieldName(name)}</li>`;
    return html`<li><span class="faint">${fieldName(name)}</span> <del>${labelOf(type, name, before) || "–"}</del> → <ins>${labelOf(type, name, after) || "–"}</ins></li>`;
  })}</ul>`;
}

export { person };
