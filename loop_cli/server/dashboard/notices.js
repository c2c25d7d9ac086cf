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
  const close = () => dismiss(id);
  if (!sticky) setTimeout(close, SHOWN);
  return close;
}

export function dismiss(id) {
  notices.value = notices.value.filter((one) => one.id !== id);
}
