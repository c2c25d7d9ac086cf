// Where in the page one is: the part of the address after `#`. Filters are in it, too.
import { signal } from "./lib.js";

export const VIEWS = ["board", "table", "calendar"];

/** {view, type, id, params}: `#/board/Task?status=todo`, `#/task/tsk-1`, `#/new/Task`, `#/activity`. */
export const route = signal(parse(location.hash));
addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

function parse(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [head = "", ...rest] = path.split("/").map(decoded);
  const params = new URLSearchParams(query);
  if (!head) return { view: "board", type: null, params };
  if (VIEWS.includes(head) || head === "new") return { view: head, type: rest[0] || null, params };
  if (head === "activity") return { view: "activity", params };
  return { view: "entity", kind: head, id: rest.join("/"), params };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function hrefOf(type, id, path) {
  const query = path ? `?${new URLSearchParams({ path })}` : "";
  return `#/${encodeURIComponent((type || "entity").toLowerCase())}/${encodeURIComponent(id)}${query}`;
}

export function hrefOfView(view, type, params) {
  const query = params && [...params].length ? `?${params}` : "";
  return `#/${view}${type ? `/${encodeURIComponent(type)}` : ""}${query}`;
}

export function go(href) {
  if (location.hash === href) route.value = parse(href);
  else location.hash = href;
}

/** Change the filters of the present view, without a step in the browser's history. */
export function setParams(change) {
  const params = new URLSearchParams(route.value.params);
  for (const [name, value] of Object.entries(change)) {
    params.delete(name);
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one != null && one !== "") params.append(name, one);
    }
  }
  const { view, type } = route.value;
  history.replaceState(null, "", hrefOfView(view, type, params));
  route.value = { ...route.value, params };
}
