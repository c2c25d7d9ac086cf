// Short messages at the edge of the page, which a screen reader says, too.
import { signal } from "./lib.js";

/** [{id, text, kind: "info"|"good"|"bad", action: {label, run}, sticky}] */
export const notices = signal([]);
let count = 0;
const SHOWN = 8_000;
const MOST = 4;

/** Show a notice. One with a `topic` replaces the one with the same. Returns what removes it. */
export function notify(text, { kind = "info", action = null, sticky = false, topic = null } = {}) {
  const id = ++count;
  const others = notices.value.filter((one) => one.text !== text && (topic === null || one.topic !== topic));
  notices.value = [...others, { id, text, kind, action, sticky, topic }].slice(-MOST);
  if (!sticky) leave(id);
  return () => dismiss(id);
}

/** A notice goes by itself, but not from under a pointer or the focus. */
function leave(id) {
  setTimeout(() => {
    if (document.querySelector(`[data-notice-id="${id}"]:is(:hover, :focus-within)`)) leave(id);
    else dismiss(id);
  }, SHOWN);
}

/** Do what the newest notice offers; whether one did. */
export function act() {
  const newest = notices.value.findLast((one) => one.action);
  if (!newest) return false;
  dismiss(newest.id);
  newest.action.run();
  return true;
}

export function dismiss(id) {
  notices.value = notices.value.filter((one) => one.id !== id);
}
