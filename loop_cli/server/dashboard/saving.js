// Every save goes through here: from the form, a cell, a drag, the palette, many at once, an undo.
//
// The saves of one entity are one after another, and each names the revision that its own change was
// made from, or what this tab's earlier saves made of that revision. So nobody is in conflict with
// himself. What a conflict is, the server decides; here it is only put before the person, one
// dialog at a time.
import * as api from "./api.js";
import * as drafts from "./drafts.js";
import { batch, signal } from "./lib.js";
import * as session from "./session.js";
import * as vault from "./vault.js";

const TRIES = 4; // where the vault is locked

/** Saves that are not answered yet: id → the fields as they will be. */
export const pending = signal(new Map());
/** The conflicts that wait for a person; the first one is shown. */
export const conflicts = signal([]);
/** How many saves wait for the server to be reached. */
export const waiting = signal(0);

const tails = new Map(); // id → the end of its queue
const made = new Map(); // etag → the revision that a save of this tab made of it
const runs = new Set(); // the runs of this tab

/** Whether a record is of a save of this tab. */
export const isOwn = (record) => runs.has(record.run_id);

export function newRun() {
  const run = api.uuid();
  runs.add(run);
  return run;
}

/** What this tab's own saves have made of a revision that was read. */
export function revisionAfter({ etag, updated_at }) {
  let found = { etag, updated_at };
  const seen = new Set();
  while (made.has(found.etag) && !seen.has(found.etag)) {
    seen.add(found.etag);
    found = made.get(found.etag);
  }
  return found;
}

function note(before, after) {
  if (before.etag === after.etag) return;
  made.delete(after.etag); // where an undo came back to a former state
  made.set(before.etag, { etag: after.etag, updated_at: after.updated_at });
}

/** A revision of `entity` with its values, to name later as what was seen. */
export function seen(entity) {
  const { etag, updated_at, fields, body } = entity.stored || entity;
  return { etag, updated_at, fields, body };
}

/**
 * Save a change: {id, type, path, set, unset, body, base}. `base` is what `seen` gave.
 *
 * Returns {outcome, entity, run}: "saved", "reloaded" (the person took what is there now), or "kept"
 * (the person wants to go on editing; `changes` are theirs). Raises `Failure` for all that is no
 * conflict.
 */
export function save(job) {
  const whole = { key: api.uuid(), run: newRun(), at: Date.now(), ...job };
  runs.add(whole.run);
  return queued(whole.id, () => perform(whole), whole.set);
}

/** Do `work` when all earlier saves of an entity are over; meanwhile `shown` is shown of it. */
export function queued(id, work, shown = null) {
  const before = tails.get(id) ?? Promise.resolve();
  if (shown) overlay(id, (fields) => ({ ...fields, ...shown }));
  const run = before.then(work);
  const end = run
    .catch(() => {})
    .then(() => {
      if (tails.get(id) !== end) return;
      tails.delete(id);
      overlay(id, () => null);
    });
  tails.set(id, end);
  return run;
}

function overlay(id, change) {
  const all = new Map(pending.value);
  const found = change(all.get(id) || {});
  if (found) all.set(id, found);
  else all.delete(id);
  pending.value = all;
}

async function perform(job) {
  let again = false;
  for (;;) {
    const expected = job.expected || revisionAfter(job.base);
    let failure;
    try {
      const entity = await send(job, expected);
      return { outcome: "saved", entity, run: entity.run_id };
    } catch (error) {
      if (!(error instanceof api.Failure)) throw error;
      failure = error;
    }
    if (!failure.conflict && !failure.missing) throw failure;
    const choice = await ask({ kind: "save", job, failure, again });
    if (choice.outcome !== "merge") return { ...choice, run: null };
    const { set, unset, body } = choice;
    job = { ...job, set, unset, body, expected: choice.expected, key: api.uuid() };
    made.set(expected.etag, choice.expected); // it was seen: later saves go on from there
    again = true;
  }
}

async function send(job, expected) {
  const line = { if_match: expected.etag, path: job.path };
  if (job.set && Object.keys(job.set).length) line.set = job.set;
  if (job.unset && job.unset.length) line.unset = job.unset;
  if (typeof job.body === "string") line.body = job.body;
  try {
    const entity = await patiently(() => api.change(job.id, line, job), job);
    batch(() => {
      note(expected, entity);
      vault.put(entity);
    });
    return entity;
  } finally {
    drafts.sent(job);
  }
}

/** Send until there is an answer. The job's key makes the server take it only once. */
async function patiently(request, job) {
  let counted = false;
  try {
    for (let tries = 1; ; tries++) {
      try {
        return await request();
      } catch (failure) {
        if (failure.busy && tries < TRIES) {
          await new Promise((resolve) => setTimeout(resolve, 500 * tries));
          continue;
        }
        if (!failure.offline && !failure.signedOut) throw failure;
        if (!counted) waiting.value++;
        counted = true;
        if (job) drafts.keepUnsent(job);
        if (failure.offline) await session.until(session.online, (yes) => yes);
        else await session.until(session.state, (now) => now === "in");
      }
    }
  } finally {
    if (counted) waiting.value--;
  }
}

/** Put a conflict before the person. Returns what they chose. */
function ask(conflict) {
  return new Promise((resolve) => {
    const whole = {
      ...conflict,
      choose(choice) {
        conflicts.value = conflicts.value.filter((one) => one !== whole);
        resolve(choice);
      },
    };
    conflicts.value = [...conflicts.value, whole];
  });
}

/** As `save` where that is a conflict; where it is none any more, nothing is saved. */
export async function compare(job) {
  try {
    const line = { if_match: revisionAfter(job.base).etag, path: job.path, set: job.set, body: job.body };
    await api.change(job.id, line, { dry: true });
    return { outcome: "kept", run: null };
  } catch (failure) {
    if (!failure.conflict && !failure.missing) throw failure;
    return save(job);
  }
}

/** Save many changes in one run. Returns {run, saved, failed: [{id, message}], kept: [job]}. */
export async function saveMany(jobs) {
  const run = newRun();
  const turns = jobs.map((job) => turnOf(job.id, job.set));
  await Promise.all(turns.map((one) => one.mine));
  const result = { run, saved: 0, failed: [], kept: [] };
  try {
    const expected = jobs.map((job) => revisionAfter(job.base));
    const lines = jobs.map((job, at) => ({ id: job.id, path: job.path, set: job.set, if_match: expected[at].etag }));
    const answers = await patiently(() => api.apply(lines, run));
    const clashes = [];
    batch(() => answers.forEach((answer, at) => taken(answer, jobs[at], expected[at], result, clashes)));
    for (const { job, answer } of clashes) await settleOne(job, answer, result);
  } finally {
    for (const one of turns) one.end();
  }
  return result;
}

/** A place in the queue of an entity: `mine` is when it has come, `end` lets the next one go on. */
function turnOf(id, shown) {
  let end;
  const over = new Promise((resolve) => {
    end = resolve;
  });
  let come;
  const mine = new Promise((resolve) => {
    come = resolve;
  });
  queued(id, () => (come(), over), shown);
  return { mine, end };
}

function taken(answer, job, expected, result, clashes) {
  if (answer.error === undefined) {
    note(expected, answer);
    const before = vault.known(job.id);
    if (before && answer.etag) {
      const { etag, updated_at } = answer;
      vault.put({ ...before, etag, updated_at, fields: { ...before.fields, ...job.set } });
    }
    result.saved += 1;
  } else if (answer.code === "conflict" || answer.code === "not_found") {
    clashes.push({ job, answer });
  } else {
    result.failed.push({ id: job.id, message: answer.message || answer.error });
  }
}

async function settleOne(job, answer, result) {
  const failure = new api.Failure(answer.status || 409, answer);
  const choice = await ask({ kind: "save", job, failure, again: false });
  if (choice.outcome !== "merge") {
    if (choice.outcome === "kept") result.kept.push(job);
    return;
  }
  const { set, unset, body, expected } = choice;
  try {
    const again = { ...job, set, unset, body, expected, key: api.uuid(), run: result.run };
    const done = await perform(again);
    if (done.outcome === "saved") result.saved += 1;
    else if (done.outcome === "kept") result.kept.push(again);
  } catch (error) {
    result.failed.push({ id: job.id, message: error.message });
  }
}

/** Delete an entity that was seen at `base`. Returns {outcome, run}. Raises `Failure`. */
export function remove(entity, base, how = {}) {
  const run = newRun();
  return queued(entity.entity_id, async () => {
    let expected = revisionAfter(base);
    for (;;) {
      try {
        const path = vault.pathIfNeeded(entity);
        const done = await api.remove(entity.entity_id, expected.etag, { path, run, ...how });
        for (const one of done.removed) vault.drop(one.entity_id, one.path);
        return { outcome: "saved", run: done.run_id };
      } catch (failure) {
        if (failure.missing) {
          vault.drop(entity.entity_id);
          return { outcome: "reloaded", run: null };
        }
        if (!failure.conflict) throw failure;
        const job = { id: entity.entity_id, type: entity.entity_type, base, set: {} };
        const choice = await ask({ kind: "delete", job, failure, again: false });
        if (choice.outcome !== "merge") return choice;
        expected = choice.expected;
      }
    }
  });
}

/**
 * Take a run back. What clashes with later changes comes to the dialog, an entity at a time. Returns
 * {outcome, reloaded}: `reloaded` are the ids of which the person took what is there now.
 */
export async function undo(runId) {
  const run = newRun();
  try {
    await tracked(() => api.undo(runId, { run }));
    return { outcome: "saved", reloaded: [] };
  } catch (failure) {
    if (!failure.conflict) throw failure;
    const all = [failure.data, ...(failure.data.others || [])];
    let outcome = "reloaded";
    try {
      await tracked(() => api.undo(runId, { run: newRun(), rebase: true })); // the rest of it
      outcome = "saved";
    } catch (rest) {
      if (!rest.conflict) throw rest;
    }
    const reloaded = [];
    for (const data of all) {
      const done = data.reason === "deleted" ? await undoGone(data, runId) : await undoOne(data);
      if (done === "reloaded") reloaded.push(data.entity_id);
      else outcome = done;
    }
    return { outcome, reloaded };
  }
}

async function tracked(work) {
  const done = await work();
  const { logs } = await api.audit({ run_id: done.run_id, limit: 0 });
  for (const { metadata: of } of logs) {
    // A form that shows the state before it is no other's: it goes on from here.
    if (of?.etag_before && of.etag_after) note({ etag: of.etag_before }, { etag: of.etag_after, updated_at: of.updated_after });
  }
  await Promise.all((done.entities || []).map((one) => refresh(one.entity_id)));
  return done;
}

/** Where the entity was deleted since: it is put back first, if the person wants it. */
async function undoGone(data, runId) {
  const { logs } = await api.audit({ run_id: runId, entity_id: data.entity_id });
  const [{ entity_type: type, entity_name: name, diff } = {}] = logs;
  const set = Object.fromEntries(Object.entries(diff || {}).map(([field, { old }]) => [field, old]));
  const failure = new api.Failure(404, { ...data, code: "not_found" });
  const job = { id: data.entity_id, type, name, base: null, set };
  const choice = await ask({ kind: "undo", job, failure, again: false });
  if (choice.outcome !== "merge") return choice.outcome;
  await tracked(() => api.undo(runId, { run: newRun() }));
  return "saved";
}

async function undoOne(data) {
  const now = await api.one(data.entity_id).catch(() => null);
  const failure = new api.Failure(409, now ? { ...data, current_etag: now.etag, current_updated_at: now.updated_at } : data);
  const wanted = data.fields.filter((one) => one.wanted && one.overlap);
  const set = {};
  let body;
  for (const one of wanted) {
    if (one.field === "body") body = one.requested ?? "";
    else set[one.field] = one.requested;
  }
  const base = { etag: data.expected_etag, updated_at: data.expected_updated_at };
  const job = { id: data.entity_id, type: now?.entity_type, base, set, body };
  const choice = await ask({ kind: "undo", job, failure, again: false });
  if (choice.outcome !== "merge") return choice.outcome;
  const done = await save({ ...job, set: choice.set, unset: choice.unset, body: choice.body, base: choice.expected });
  return done.outcome;
}

/** Read an entity again. Returns it, or null where it is gone. Raises `Failure` otherwise. */
export async function refresh(id, path) {
  try {
    const entity = await api.one(id, path);
    vault.put(entity);
    return entity;
  } catch (failure) {
    if (!failure.missing) throw failure;
    vault.drop(id);
    return null;
  }
}

/** Send what an earlier page could not. */
export async function resume(told) {
  for (const { tab: _tab, ...job } of await drafts.unsent()) {
    save(job).then((done) => told(done, job), (failure) => told({ outcome: "failed", failure }, job));
  }
}
