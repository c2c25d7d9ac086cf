// The palette: find an entity, go somewhere, or run a command, by typing.
import * as api from "../api.js";
import * as forms from "../forms.js";
import { choiceFields, choicesOf, isWritable, labelOf, nameOf } from "../kinds.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../lib.js";
import { dismiss, notices } from "../notices.js";
import { go, hrefOf, hrefOfView, route, VIEWS } from "../route.js";
import * as session from "../session.js";
import * as vault from "../vault.js";
import { fieldName, language, speak, t } from "../words.js";
import { change, deleteEntity } from "./actions.js";
import { Icon } from "./common.js";

const SOON = 120; // milliseconds after a key, for the search
const MOST = 12;

export function Palette({ close }) {
  const [words, setWords] = useState("");
  const [at, setAt] = useState(0);
  const [hits, setHits] = useState([]);
  const ref = useRef(null);
  const list = useRef(null);
  useLayoutEffect(() => {
    const before = document.activeElement; // at once: the next key is the first letter
    ref.current.showModal();
    return () => before?.focus?.({ preventScroll: true });
  }, []);
  useEffect(() => {
    if (!words.trim()) return setHits([]);
    let current = true;
    const timer = setTimeout(() => {
      api.search(words.trim(), { limit: 20 }).then((data) => current && setHits(data.results), () => current && setHits([]));
    }, SOON);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [words]);
  const items = useMemo(() => itemsFor(words, hits), [words, hits]);
  useEffect(() => setAt(0), [words]);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);
  const run = (item) => {
    close();
    item.run();
  };
  const onKeyDown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && items.length) {
      event.preventDefault();
      setAt((at + step + items.length) % items.length);
    }
    if (event.key === "Enter" && items[at] && !event.isComposing) {
      event.preventDefault();
      run(items[at]);
    }
  };
  return html`<dialog ref=${ref} class="dialog palette" aria-label=${t("palette")} onCancel=${(event) => (event.preventDefault(), close())} onClick=${(event) => event.target === ref.current && close()}>
    <div class="palette-top"><${Icon} name="search" /><input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant=${items[at] ? `palette-${at}` : undefined} aria-label=${t("palette")} placeholder=${t("palette")} data-palette value=${words} onInput=${(event) => setWords(event.currentTarget.value)} onKeyDown=${onKeyDown} autofocus /></div>
    <ul id="palette-list" role="listbox" aria-label=${t("palette")} class="palette-list" ref=${list}>
      ${items.map((item, index) => html`<li id=${`palette-${index}`} role="option" aria-selected=${index === at} class="palette-item" onClick=${() => run(item)} onMouseMove=${() => index !== at && setAt(index)}><span class="palette-name">${item.name}</span><span class="faint">${item.about}</span></li>`)}
    </ul>
    ${items.length === 0 && html`<p class="quiet palette-none" role="status">${t("nothing_found")}</p>`}
  </dialog>`;
}

function itemsFor(words, hits) {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fits = (text) => wanted.every((word) => text.toLocaleLowerCase().includes(word));
  const commands = commandsNow().filter((one) => fits(`${one.name} ${one.about}`));
  if (!wanted.length) return commands.slice(0, MOST * 2);
  const names = [];
  for (const type of vault.loaded()) {
    for (const one of vault.collection(type).items.values()) {
      if (names.length >= MOST) break;
      if (fits(`${nameOf(one)} ${one.entity_id}`)) names.push(itemOf(one.entity_type, one.entity_id, nameOf(one)));
    }
  }
  const seen = new Set(names.map((one) => one.id));
  const found = hits.filter((one) => !seen.has(one.entity_id)).map((one) => itemOf(one.entity_type, one.entity_id, one.entity_name || one.entity_id, one.in_names ? "" : one.text));
  return [...names, ...commands.slice(0, MOST), ...found];
}

const itemOf = (type, id, name, text = "") => ({ id, name, about: text ? `${id} · ${text.trim().slice(0, 80)}` : `${type} · ${id}`, run: () => go(hrefOf(type, id)) });

function commandsNow() {
  const order = vault.schema.value?.order || [];
  const mayWrite = session.mayWrite.value;
  const here = route.value.view === "entity" ? forms.shownOf(route.value.id, route.value.params.get("path")) : null;
  const type = route.value.type || "Task";
  const commands = notices.value.filter((one) => one.action).map((one) => ({ name: one.action.label, about: one.text, run: () => (dismiss(one.id), one.action.run()) }));
  if (here && mayWrite) commands.push(...aboutEntity(here));
  for (const view of VIEWS) commands.push({ name: t("go_to", { where: t(view) }), about: type, run: () => go(hrefOfView(view, type)) });
  commands.push({ name: t("go_to", { where: t("activity") }), about: "", run: () => go("#/activity") });
  if (mayWrite) for (const one of order) commands.push({ name: t("new_type", { type: one }), about: t("create"), run: () => go(`#/new/${encodeURIComponent(one)}`) });
  for (const one of order) commands.push({ name: t("go_to", { where: one }), about: t("types"), run: () => go(hrefOfView("board", one)) });
  commands.push({ name: language.value === "ko" ? "English" : "한국어", about: t("language"), run: () => speak(language.value === "ko" ? "en" : "ko") });
  return commands;
}

function aboutEntity(entity) {
  const type = entity.entity_type;
  const found = [];
  for (const name of choiceFields(type).slice(0, 3)) {
    if (!isWritable(type, name)) continue;
    for (const value of choicesOf(type, name)) {
      if (value === entity.fields[name] || Array.isArray(entity.fields[name])) continue;
      found.push({ name: t("set_to", { field: fieldName(name), value: labelOf(type, name, value) }), about: entity.entity_id, run: () => change(entity, { [name]: value }) });
    }
  }
  found.push({ name: t("delete"), about: entity.entity_id, run: () => deleteEntity(entity) });
  return found;
}
