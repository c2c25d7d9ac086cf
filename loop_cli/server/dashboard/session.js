// Who uses the page, and whether the server can be reached.
import { computed, signal } from "./lib.js";

/** "starting", "in", "out" (never signed in), "expired" (was in). */
export const state = signal("starting");
/** What `GET /api/whoami` says. */
export const who = signal(null);
/** Whether the last request reached the server. */
export const online = signal(true);
export const mayWrite = computed(
  () => !!who.value && who.value.role === "write" && !who.value.read_only,
);

/** Resolves once a signal has a value for which `test` holds. */
export function until(one, test) {
  return new Promise((resolve) => {
    let stop = null;
    let done = false;
    const look = (value) => {
      if (done || !test(value)) return;
      done = true;
      if (stop) stop();
      resolve(value);
    };
    stop = one.subscribe(look);
    if (done) stop();
  });
}
