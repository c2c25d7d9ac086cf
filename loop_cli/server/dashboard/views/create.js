// A new entity, with the fields of its type. What was typed is kept until it is made.
import * as api from "../api.js";
import { goToWrong } from "../focus.js";
import * as drafts from "../drafts.js";
import { problemsOf } from "../forms.js";
import { fieldsOf, fromRaw, hasField, isOwnName, isRequired, isWritable, kindOf, toRaw } from "../kinds.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { notify } from "../notices.js";
import { go, hrefOf, hrefOfView, route } from "../route.js";
import * as saving from "../saving.js";
import * as session from "../session.js";
import * as vault from "../vault.js";
import { fieldName, t } from "../words.js";
import { undoRun } from "./actions.js";
import { Empty } from "./common.js";
import { Control } from "./fields.js";

const USUAL = ["status", "priority", "assignee", "owner", "start_date", "due", "project_id", "type", "tags"];

export function Create({ type }) {
  const name = vault.schema.value.names.name;
  const spec = vault.schema.value.types[type];
  const [raw, setRaw] = useState(null);
  const [errors, setErrors] = useState({});
  const [failure, setFailure] = useState(null);
  const [busy, setBusy] = useState(false);
  const key = useRef(api.uuid());
  const place = useRef(null);
  useEffect(() => goToWrong(place.current), [errors]);
  useEffect(() => {
    let current = true;
    drafts.find(`new:${type}`).then((draft) => current && setRaw({ ...given(type), ...(draft?.raw || {}) }));
    return () => {
      current = false;
    };
  }, [type]);
  if (!spec || !session.mayWrite.value) return html`<${Empty} title=${session.mayWrite.value ? t("missing_place", { what: type }) : t("read_only")} />`;
  if (!raw) return html`<p class="page quiet" role="status">${t("loading")}</p>`;
  const typed = (field, text) => {
    const now = { ...raw, [field]: text };
    setRaw(now);
    key.current = api.uuid(); // another call
    drafts.keep(`new:${type}`, { raw: now });
  };
  const submit = async (event) => {
    event?.preventDefault();
    if (busy) return undefined;
    const { fields, wrong } = valuesOf(type, raw);
    if (Object.keys(wrong).length) return setErrors(wrong);
    setBusy(true);
    setFailure(null);
    setErrors({});
    try {
      await made(type, fields, raw.body, key.current);
    } catch (error) {
      if (!(error instanceof api.Failure)) throw error;
      setFailure(error);
      setErrors(problemsOf(error));
    }
    setBusy(false);
  };
  const onKeyDown = (event) => {
    if ((event.ctrlKey || event.metaKey) && (event.key === "Enter" || event.key === "s")) {
      event.preventDefault();
      if (event.currentTarget.reportValidity()) submit(event); // half a date is none
    }
  };
  const { first, rest } = namesFor(type);
  const line = (field) => html`<${Line} key=${field} ...${{ type, field, raw, errors, typed }} />`;
  const known = [name, "body", ...first, ...rest];
  const others = Object.entries(errors).filter(([field]) => !known.includes(field));
  return html`<form ref=${place} class="entity create page" data-new=${type} onSubmit=${submit} onKeyDown=${onKeyDown} aria-busy=${busy}>
    <header class="entity-top"><h1 class="crumb">${t("new_type", { type })}</h1><span class="spacer"></span>
      <a class="button" href=${hrefOfView("board", type)}>${t("cancel")}</a>
      <button type="submit" class="button primary" data-action="create" aria-disabled=${busy}>${t("create")}</button></header>
    ${failure && (others.length || !Object.keys(errors).length) ? html`<div class="banner bad" role="alert"><div class="banner-text">${others.length ? others.map(([field, words]) => html`<div>${field}: ${words}</div>`) : failure.message}</div></div>` : null}
    <div class="create-fields">
      <div class="title-field"><label class="field-name" for="new-name">${fieldName(name)} <span class="faint" aria-hidden="true">*</span></label>
        <input id="new-name" class="title" data-field=${name} value=${raw[name] || ""} ref=${focusFirst} onInput=${(event) => typed(name, event.currentTarget.value)} aria-invalid=${errors[name] ? "true" : undefined} />
        ${errors[name] && html`<p class="error" role="alert">${errors[name]}</p>`}</div>
      <div class="entity-fields">${first.map(line)}</div>
      ${rest.length > 0 && html`<details class="rest"><summary>${t("others")}</summary>${rest.map(line)}</details>`}
      <label class="field-name" for="new-body">${t("body")}</label>
      <textarea id="new-body" class="control code" rows="8" data-field="body" value=${raw.body || ""} onInput=${(event) => typed("body", event.currentTarget.value)}></textarea>
    </div>
  </form>`;
}

const focusFirst = (node) => {
  if (node && !node.dataset.focused) {
    node.dataset.focused = "1";
    node.focus();
  }
};

/** What the address and the schema say already. */
function given(type) {
  const found = {};
  const properties = vault.schema.value.types[type]?.properties || {};
  for (const [name, spec] of Object.entries(properties)) {
    if (spec.default !== undefined && isWritable(type, name)) found[name] = toRaw(kindOf(type, name, spec.default).kind, spec.default);
  }
  for (const [name, value] of route.value.params) if (hasField(type, name)) found[name] = kindOf(type, name, null).kind === "choices" ? [value] : value;
  return found;
}

function namesFor(type) {
  const name = vault.schema.value.names.name;
  const all = fieldsOf(type).filter((one) => one !== name && !isOwnName(one) && isWritable(type, one));
  const first = [...USUAL.filter((one) => all.includes(one)), ...all.filter((one) => isRequired(type, one) && !USUAL.includes(one))];
  return { first, rest: all.filter((one) => !first.includes(one)) };
}

function Line({ type, field, raw, errors, typed }) {
  const kind = kindOf(type, field, null);
  useEffect(() => {
    if (kind.of && vault.schema.value.types[kind.of]) vault.load(kind.of);
  }, [kind.of]);
  const id = `new-${field}`;
  const error = errors[field];
  const words = error === "number" || error === "json" ? t(`invalid_${error}`) : error;
  return html`<div class="field"><label class="field-name" for=${id}>${fieldName(field)}${isRequired(type, field) && html` <span class="faint" aria-hidden="true">*</span>`}</label>
    <div class="field-value"><${Control} ...${{ type, name: field, value: null, raw: raw[field] ?? (kind.kind === "choices" ? [] : ""), id, invalid: !!error, describedBy: error ? `${id}-error` : undefined }} onInput=${(text) => typed(field, text)} />
    ${error && html`<p class="error" role="alert" id=${`${id}-error`}>${words}</p>`}</div></div>`;
}

function valuesOf(type, raw) {
  const fields = {};
  const wrong = {};
  for (const [name, text] of Object.entries(raw)) {
    if (name === "body") continue;
    const { value, error } = fromRaw(kindOf(type, name, null), text, null);
    if (error) wrong[name] = error;
    else if (value !== null && value !== "") fields[name] = value;
  }
  return { fields, wrong };
}

async function made(type, fields, body, key) {
  const run = saving.newRun();
  const data = await api.create({ type, fields, ...(body ? { body } : {}) }, key, run);
  drafts.keep(`new:${type}`, null);
  const entity = Object.values(data).find((one) => one && typeof one === "object" && typeof one._etag === "string");
  const id = entity[vault.schema.value.names.id] ?? entity.entity_id;
  await saving.refresh(id);
  go(hrefOf(type, id));
  notify(t("created", { name: String(fields[vault.schema.value.names.name] ?? id).slice(0, 80) }), { kind: "good", topic: "saved", action: { label: t("undo"), run: () => undoRun(data.run_id, { asked: true }).then(() => go(hrefOfView("board", type))) } });
}
