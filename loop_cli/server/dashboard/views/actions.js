// What several views do: move, change at once, delete, undo. Each tells how it went.
import * as api from "../api.js";
import * as forms from "../forms.js";
import { labelOf, nameOf } from "../kinds.js";
import { signal } from "../lib.js";
import { notify } from "../notices.js";
import { go, hrefOf, route } from "../route.js";
import * as saving from "../saving.js";
import * as vault from "../vault.js";
import { fieldName, t } from "../words.js";

/** A question that waits for an answer: {title, lines, choices, answer}. */
export const question = signal(null);

export function confirm(title, choices, lines = []) {
  return new Promise((resolve) => {
    question.value = {
      title,
      lines,
      choices,
      answer(value) {
        question.value = null;
        resolve(value);
      },
    };
  });
}

/** Tell of a failure that nobody else shows. */
export function complain(failure) {
  if (!(failure instanceof api.Failure)) throw failure;
  notify(failure.message, { kind: "bad", sticky: true, topic: failure.offline ? "offline" : null });
}

/** Change fields of an entity at once, as it is shown here. Returns whether it was done. */
export async function changeNow(entity, set, { quiet = false } = {}) {
  const job = { id: entity.entity_id, type: entity.entity_type, path: vault.pathIfNeeded(entity), set, base: saving.seen(entity) };
  const done = await saving.save(job);
  told(done, job, quiet);
  return done.outcome === "saved";
}

/** The same where a failure is shown as a notice. */
export const change = (entity, set) => changeNow(entity, set).catch(complain);

/** Say how a save ended that no form waits for. */
export function told(done, job, quiet = false) {
  if (done.outcome === "failed") return complain(done.failure);
  if (done.outcome === "saved") {
    forms.someChanged(job.id);
    if (quiet || done.entity.changed === false) return;
    const [[name, value] = []] = Object.entries(job.set || {});
    const text = name ? t("set_to", { field: fieldName(name), value: labelOf(job.type, name, value) || t("none") }) : t("saved");
    notify(text, { kind: "good", topic: "saved", action: { label: t("undo"), run: () => undoRun(done.run) } });
  } else if (done.outcome === "kept") {
    forms.adopt(job.id, job.path, job.base, done.changes || job);
    go(hrefOf(job.type, job.id, job.path));
  } else if (done.outcome === "reloaded") {
    saving.refresh(job.id).then(() => forms.takeNow(job.id)).catch(complain);
  }
}

export async function changeMany(entities, set) {
  const jobs = entities.map((entity) => ({
    id: entity.entity_id,
    type: entity.entity_type,
    path: vault.pathIfNeeded(entity),
    set,
    base: saving.seen(entity),
  }));
  try {
    const { run, saved, failed, kept } = await saving.saveMany(jobs);
    for (const job of kept) forms.adopt(job.id, job.path, job.base, job); // as drafts, to go on with
    forms.someChanged(null);
    if (saved) notify(t("saved_n", { n: saved }), { kind: "good", topic: "saved", action: { label: t("undo"), run: () => undoRun(run, { asked: true }) } });
    if (failed.length) notify(t("failed_many", { n: failed.length, first: failed[0].message }), { kind: "bad", sticky: true });
    return failed;
  } catch (failure) {
    complain(failure);
    return [];
  }
}

/** Take a run back; where it changed several entities, ask first. */
export async function undoRun(runId, { asked = false } = {}) {
  try {
    if (!asked && !(await isWanted(runId))) return;
    const { outcome, reloaded } = await saving.undo(runId);
    forms.someChanged(null);
    for (const id of reloaded) forms.takeNow(id);
    if (outcome === "saved") notify(t("undone"), { kind: "good", topic: "saved" });
  } catch (failure) {
    complain(failure);
  }
}

async function isWanted(runId) {
  const { logs } = await api.audit({ run_id: runId, limit: 200 });
  const names = [...new Set(logs.map((one) => one.entity_id))];
  if (names.length < 2) return true;
  const title = t("undo_many", { n: names.length, names: `${names.slice(0, 5).join(", ")}${names.length > 5 ? "…" : ""}` });
  return confirm(title, [{ label: t("undo"), value: true, action: "undo" }]);
}

export async function deleteEntity(entity) {
  const name = nameOf(entity);
  const wanted = await confirm(t("delete_sure", { name }), [{ label: t("delete"), value: true, danger: true, action: "delete" }]);
  if (!wanted) return;
  try {
    await gone(entity, await removed(entity));
  } catch (failure) {
    complain(failure);
  }
}

async function removed(entity) {
  try {
    return await saving.remove(entity, saving.seen(entity));
  } catch (failure) {
    if (failure.data?.code !== "still_referred") throw failure;
    const lines = [...(failure.data.referrers || []), ...(failure.data.links || [])].map((one) => one.entity_id || one.path);
    const choices = [
      { label: t("orphan"), value: { orphan: true }, action: "orphan" },
      { label: t("cascade"), value: { cascade: true }, danger: true, action: "cascade" },
    ];
    const how = await confirm(t("referred"), choices, lines.slice(0, 12));
    return how ? saving.remove(entity, saving.seen(entity), how) : { outcome: "kept" };
  }
}

async function gone(entity, { outcome, run }) {
  if (outcome === "kept") return;
  if (outcome === "reloaded") {
    await saving.refresh(entity.entity_id);
    return forms.takeNow(entity.entity_id);
  }
  const name = nameOf(entity);
  if (route.value.view === "entity" && route.value.id === entity.entity_id) go(`#/board/${encodeURIComponent(entity.entity_type)}`);
  notify(t("deleted", { name: name.slice(0, 80) }), { kind: "good", topic: "saved", action: { label: t("undo"), run: () => undoRun(run, { asked: true }) } });
}
