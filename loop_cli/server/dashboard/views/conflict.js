// The one dialog for every conflict, whatever was saved: who changed what since it was read, each
// field in its three states, and three ways out. What clashes, the server says; the page shows it.
import * as api from "../api.js";
import { fromRaw, kindOf, labelOf, nameOf, same, toRaw } from "../kinds.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import * as saving from "../saving.js";
import * as vault from "../vault.js";
import { ago, fieldName, moment, t } from "../words.js";
import { By, Icon } from "./common.js";
import { Control } from "./fields.js";
import { whatOf } from "./entity.js";

export function Conflicts() {
  const [first, ...others] = saving.conflicts.value;
  if (!first) return null;
  return html`<${Dialog} key=${first.failure.data.current_etag + first.job.id} conflict=${first} others=${others.length} />`;
}

function Dialog({ conflict, others }) {
  const { job, failure, kind, again } = conflict;
  const ref = useRef(null);
  const rows = useMemo(() => rowsOf(conflict), [conflict]);
  const [picked, setPicked] = useState(() => firstChoices(rows));
  const [now, setNow] = useState(null);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState(null);
  const gone = failure.missing;
  const deletion = useDeletion(gone, job.id);
  const body = useBodyMerge(rows, setPicked);
  useLayoutEffect(() => {
    const before = document.activeElement;
    ref.current.showModal();
    ref.current.querySelector("[data-first]")?.focus();
    return () => before?.focus?.();
  }, []);
  useEffect(() => {
    if (!gone) api.one(job.id, job.path).then(setNow, () => {});
  }, []);
  const undecided = rows.filter((row) => row.clash && picked[row.field] === undefined).length;
  const keep = () => conflict.choose({ outcome: "kept", changes: { set: job.set, body: job.body } });
  const reload = () => conflict.choose({ outcome: "reloaded" });
  const merge = async () => {
    if (busy) return;
    setWrong(null);
    setBusy(true);
    try {
      conflict.choose(await mergedChoice({ conflict, rows, picked, deletion }));
    } catch (error) {
      setWrong(error.message);
      setBusy(false);
    }
  };
  const name = titleOf(job, now);
  const title = gone ? "conflict_gone" : `conflict_${kind}`;
  const mayMerge = gone ? !!deletion?.run_id : undecided === 0;
  return html`<dialog ref=${ref} role="alertdialog" data-conflict=${job.id} class="dialog conflict" aria-labelledby="conflict-title" aria-describedby="conflict-about" onCancel=${(event) => (event.preventDefault(), keep())}>
    <header class="dialog-top">
      <span class="warn-badge"><${Icon} name="warning" /></span>
      <div><h2 id="conflict-title">${t(title, { name: name.slice(0, 120) })}</h2>
      <p id="conflict-about" class="quiet">${again ? html`<strong>${t("changed_again")}</strong> ` : ""}${t("conflict_none")}</p></div>
    </header>
    <div class="dialog-body" tabindex="0" role="group" aria-label=${t("what")}>
      <${Changes} failure=${failure} deletion=${deletion} />
      ${kind !== "delete" || rows.length ? html`<${Rows} ...${{ job, rows, picked, setPicked, body }} />` : null}
      ${gone && html`<${Typed} job=${job} />`}
    </div>
    ${wrong && html`<p class="error" role="alert">${wrong}</p>`}
    <footer class="dialog-actions">
      <p class="quiet" aria-live="polite">${!gone && undecided > 0 ? t("choose_each") : others ? t("conflict_more", { n: others }) : ""}</p>
      <button type="button" class="button" data-action="keep" data-first=${undecided > 0 || gone || undefined} onClick=${keep}>${t("keep_editing")}</button>
      <button type="button" class="button" data-action="reload" title=${t("reload_hint")} onClick=${reload}>${gone ? t("discard") : t("reload")}</button>
      <button type="button" class=${kind === "delete" ? "button danger" : "button primary"} data-action="merge" data-first=${undecided === 0 || undefined} disabled=${!mayMerge} aria-busy=${busy} onClick=${merge}>${gone ? t("put_back") : kind === "delete" ? t("delete_anyway") : t("save_merged")}</button>
    </footer>
  </dialog>`;
}

function titleOf(job, now) {
  const known = now || vault.known(job.id);
  if (known) return nameOf(known);
  return job.name || job.base?.fields?.[vault.schema.value.names.name] || job.id;
}

/** The fields: as the server says, and what this page has read itself where the server can't know. */
function rowsOf({ job, failure }) {
  return (failure.data.fields || []).map((one) => {
    const own = ownBase(job.base, one.field);
    const knows = one.base_known || own !== undefined;
    const base = one.base_known ? one.base : own;
    // What was edited without a record counts as changed; here is the value that was read, so a
    // field that still has it does not clash.
    const still = !one.base_known && own !== undefined && same(own, one.current);
    return { ...one, base, knows, clash: one.wanted && one.overlap && !still };
  });
}

function ownBase(base, name) {
  if (name === "body") return typeof base?.body === "string" ? base.body : undefined;
  if (!base?.fields) return undefined;
  return name in base.fields ? base.fields[name] : name.includes(".") ? undefined : null;
}

const firstChoices = (rows) =>
  Object.fromEntries(rows.filter((row) => row.wanted && !row.clash).map((row) => [row.field, { side: "mine" }]));

function useDeletion(gone, id) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    if (!gone) return;
    api.recordsOf(id).then(({ history }) => setFound(history[0]?.action === "delete" ? history[0] : {}), () => setFound({}));
  }, []);
  return found;
}

/** Where both sides changed the text, the server merges it by lines. */
function useBodyMerge(rows, setPicked) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    const row = rows.find((one) => one.field === "body" && one.clash);
    if (!row) return;
    api.merge({ base: row.knows ? row.base ?? "" : null, theirs: row.current ?? "", mine: row.requested ?? "" }).then((said) => {
      setFound(said);
      if (said.clashes === 0) setPicked((old) => ({ ...old, body: { side: "merged", value: said.text } }));
    }, () => {});
  }, []);
  return found;
}

/** What is to be sent now. */
async function mergedChoice({ conflict, rows, picked, deletion }) {
  const { job, failure } = conflict;
  if (failure.missing) {
    await api.undo(deletion.run_id, { run: saving.newRun() });
    const back = await saving.refresh(job.id);
    return { outcome: "merge", set: job.set, unset: job.unset, body: job.body, expected: { etag: back.etag, updated_at: back.updated_at } };
  }
  const expected = { etag: failure.data.current_etag, updated_at: failure.data.current_updated_at };
  if (conflict.kind === "delete") return { outcome: "merge", expected };
  const set = {};
  let body;
  for (const row of rows.filter((one) => one.wanted)) {
    const choice = picked[row.field];
    if (choice.side === "current") continue;
    const value = "value" in choice ? choice.value : row.requested;
    if (row.field === "body") body = value ?? "";
    else set[row.field] = value;
  }
  if (!Object.keys(set).length && body === undefined) return { outcome: "reloaded" };
  return { outcome: "merge", set, body, expected };
}

function Changes({ failure, deletion }) {
  const { changes = [], reason } = failure.data;
  const records = failure.missing ? (deletion?.actor ? [deletion] : []) : changes;
  const outside = failure.missing ? deletion !== null && !deletion.actor : reason === "edited_outside" || records.length === 0;
  return html`<ul class="who big" data-changes>
    ${records.map((one) => html`<li><${By} record=${one} />${": "}${whatOf(one)}${" · "}<time datetime=${one.timestamp} title=${moment(one.timestamp)}>${ago(one.timestamp)}</time></li>`)}
    ${outside && html`<li>${t("changed_outside")}</li>`}
  </ul>`;
}

function Typed({ job }) {
  const all = Object.entries(job.set || {});
  return html`<h3>${t("mine")}</h3><ul class="diff">${all.map(([name, value]) => html`<li><span class="faint">${fieldName(name)}</span> <ins>${labelOf(job.type, name, value)}</ins></li>`)}${job.body !== undefined && html`<li><span class="faint">${t("body")}</span><pre class="side-text">${job.body}</pre></li>`}</ul>`;
}

function marked(text, base) {
  if (typeof base !== "string" || text === base) return text;
  const known = new Set(base.split("\n"));
  return text.split("\n").map((line) => (known.has(line) ? `${line}\n` : html`<mark>${line || " "}</mark>`));
}

function Rows({ job, rows, picked, setPicked, body }) {
  const pick = (field, choice) => setPicked((old) => ({ ...old, [field]: choice }));
  const order = [...rows].sort((a, b) => rank(a) - rank(b));
  return html`<div class="sides" role="table" aria-label=${t("fields")}>
    <div class="sides-head" role="row"><span role="columnheader">${t("field")}</span><span role="columnheader">${t("then")}</span><span role="columnheader">${t("theirs")}</span><span role="columnheader">${t("yours")}</span></div>
    ${order.map((row) => html`<${Row} key=${row.field} ...${{ job, row, choice: picked[row.field], pick, merged: row.field === "body" ? body : null }} />`)}
  </div>`;
}

const rank = (row) => (row.clash ? 0 : row.wanted ? 1 : 2);

function Row({ job, row, choice, pick, merged }) {
  const { field, wanted, clash } = row;
  const state = clash ? (choice ? "chosen" : "clash") : "merged";
  const side = (name, value, label, known = true) => {
    const on = clash ? choice?.side === name : name === (wanted ? "mine" : "current");
    const inner = known ? html`<${Value} type=${job.type} field=${field} value=${value} base=${row.knows ? row.base : null} />` : html`<span class="faint">${t("unknown_base")}</span>`;
    const class_ = ["pane", on ? "on" : "", name].join(" ");
    if (!clash || name === "base") return html`<div role="cell" class=${class_} data-side=${name}><span class="side-label">${label}</span>${inner}</div>`;
    return html`<label role="cell" class=${`${class_} pick`} data-side=${name}><span class="side-label"><input type="radio" name=${`side-${field}`} checked=${on} onChange=${() => pick(field, { side: name })} /> ${label}</span>${inner}</label>`;
  };
  return html`<div class=${`sides-row ${state}`} role="row" data-conflict-field=${field} data-state=${state}>
    <div role="rowheader" class="side-field"><strong>${fieldName(field)}</strong>${!clash && html`<span class="tag good"><${Icon} name="check" /> ${t("merged")}</span>`}${clash && html`<span class=${choice ? "tag good" : "tag bad"}>${choice ? t("chosen") : t("choose")}</span>`}</div>
    ${side("base", row.base, t("then"), row.knows)}
    ${side("current", row.current, t("theirs"))}
    ${wanted ? side("mine", row.requested, t("yours")) : html`<div role="cell" class="pane mine" data-side="mine"><span class="side-label">${t("yours")}</span><span class="faint">–</span></div>`}
    ${clash && html`<div role="cell" class="side-more"><${More} ...${{ job, row, choice, pick, merged }} /></div>`}
  </div>`;
}

/** The other ways to settle a field: what the lines of both give, or something of one's own. */
function More({ job, row, choice, pick, merged }) {
  const { field } = row;
  const edited = choice?.side === "edited" || (choice?.side === "merged" && choice.open);
  const kind = field === "body" ? { kind: "long" } : kindOf(job.type, field, row.requested ?? row.current);
  const start = () => pick(field, { side: "edited", value: merged ? merged.text : row.requested });
  const raw = choice && "value" in choice ? (field === "body" ? choice.value : toRaw(kind.kind, choice.value)) : "";
  const typed = (text) => {
    const { value } = field === "body" ? { value: text } : fromRaw(kind, text, row.current);
    if (value !== undefined) pick(field, { side: "edited", value });
  };
  return html`
    ${merged && merged.clashes === 0 && html`<label class="pick inline"><input type="radio" name=${`side-${field}`} checked=${choice?.side === "merged"} onChange=${() => pick(field, { side: "merged", value: merged.text })} /> ${t("merged_lines")}</label>`}
    ${choice?.side === "merged" && html`<pre class="side-text" data-merged tabindex="0">${choice.value}</pre>`}
    ${!edited && html`<button type="button" class="link-button" data-action="edit-value" onClick=${start}>${t("edit_value")}</button>`}
    ${edited && (field === "body"
      ? html`<textarea class="control code" rows="10" data-field="body" aria-label=${t("edit_value")} value=${raw} onInput=${(event) => typed(event.currentTarget.value)}></textarea>`
      : html`<${Control} type=${job.type} name=${field} value=${row.requested ?? row.current} raw=${raw} label=${fieldName(field)} onInput=${typed} />`)}`;
}

/** A value of a side; in a text the lines that are not in `base` are marked. */
function Value({ type, field, value, base }) {
  if (field === "body") return html`<pre class="side-text" tabindex="0">${marked(value ?? "", base)}</pre>`;
  const text = labelOf(type, field, value);
  return text === "" ? html`<span class="faint">${t("none")}</span>` : html`<span class="side-value">${text}</span>`;
}
