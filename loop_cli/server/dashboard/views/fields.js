// The controls of fields: one for each kind.
import { html, useId } from "../lib.js";
import { choicesOf, kindOf, labelOf, nameOf } from "../kinds.js";
import * as vault from "../vault.js";
import { fieldName, t } from "../words.js";

/** The control of a field. `raw` is its text, `onInput` takes a new one. */
export function Control({ type, name, value, raw, onInput, disabled, readonly, id, label, autofocus, describedBy, invalid }) {
  const kind = kindOf(type, name, value);
  const common = {
    id,
    "data-field": name,
    "aria-label": label,
    "aria-describedby": describedBy,
    "aria-invalid": invalid ? "true" : undefined,
    disabled,
    readonly,
    ref: autofocus ? focusOnce : undefined,
    class: "control",
  };
  const typed = (event) => onInput(event.currentTarget.value);
  switch (kind.kind) {
    case "choice":
      return html`<select ...${common} value=${raw} onChange=${typed}>${options(type, name, kind.choices, raw)}</select>`;
    case "flag":
      return html`<select ...${common} value=${raw} onChange=${typed}>${options(type, name, ["true", "false"], raw)}</select>`;
    case "choices":
      return html`<${Choices} ...${{ type, name, kind, raw, onInput, disabled, autofocus, label: label || fieldName(name) }} />`;
    case "date":
      return html`<input ...${common} type="date" value=${raw} onInput=${typed} />`;
    case "number":
      return html`<input ...${common} inputmode="decimal" value=${raw} onInput=${typed} />`;
    case "long":
      return html`<textarea ...${common} rows="3" value=${raw} onInput=${typed}></textarea>`;
    case "json":
      return html`<textarea ...${common} class="control code" rows=${Math.min(10, raw.split("\n").length)} value=${raw} onInput=${typed} spellcheck=${false}></textarea>`;
    default:
      return html`<${Text} ...${{ common, kind, name, raw, typed }} />`;
  }
}

function focusOnce(node) {
  if (node && !node.dataset.focused) {
    node.dataset.focused = "1";
    node.focus();
    node.select?.();
  }
}

function options(type, name, choices, raw) {
  const known = choices.map(String);
  return [
    html`<option value="">–</option>`,
    ...known.map((one) => html`<option value=${one}>${labelOf(type, name, one)}</option>`),
    raw !== "" && !known.includes(raw) && html`<option value=${raw}>${t("not_in_schema", { value: raw })}</option>`,
  ];
}

/** A text; with suggestions where it names a member or another entity. */
function Text({ common, kind, name, raw, typed }) {
  const list = useId();
  const found = suggestions(kind, name);
  return html`<input ...${common} type="text" value=${raw} onInput=${typed} list=${found.length ? list : undefined} autocomplete="off" />
    ${found.length > 0 && html`<datalist id=${list}>${found.map(([value, label]) => html`<option value=${value}>${label}</option>`)}</datalist>`}`;
}

const MEMBERS = ["assignee", "owner"];
const MOST = 300;

function suggestions(kind, name) {
  if (MEMBERS.includes(name)) {
    return Object.values(vault.schema.value.members || {}).map((one) => [one.name, one.role || ""]);
  }
  if (!kind.of || !vault.schema.value.types[kind.of]) return [];
  const found = vault.collection(kind.of);
  found.version.value; // shown anew when they have come
  return [...found.items.values()].slice(0, MOST).map((one) => [one.entity_id, nameOf(one)]);
}

function Choices({ type, name, kind, raw, onInput, disabled, autofocus, label }) {
  const chosen = new Set(raw.map(String));
  const all = [...new Set([...(kind.choices || choicesOf(type, name)).map(String), ...chosen])];
  const turn = (value) => onInput(all.filter((one) => (one === value ? !chosen.has(one) : chosen.has(one))));
  return html`<span class="choices" role="group" aria-label=${label} data-field=${name}>
    ${all.map((one, at) => html`<label class="choice"><input type="checkbox" ref=${autofocus && at === 0 ? focusOnce : undefined} checked=${chosen.has(one)} disabled=${disabled} onChange=${() => turn(one)} />${labelOf(type, name, one)}</label>`)}
  </span>`;
}
