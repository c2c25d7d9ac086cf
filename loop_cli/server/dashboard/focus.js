// Where the keyboard is. What has the focus may go away: a button that was pressed, a notice, a view
// after a deletion. Then the focus goes back to where the person was before in this view, else to
// the view itself.

const KEPT = 20; // places to go back to
const places = [];
let looking = false;

/** Look after the focus from now on. */
export function begin() {
  addEventListener("focusin", ({ target }) => {
    if (target === places.at(-1)) return;
    places.push(target);
    if (places.length > KEPT) places.shift();
  });
  // In another view one begins at its top, not at a link of the menu that one had passed.
  addEventListener("hashchange", () => places.splice(0, places.length - 1));
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });
}

/** A view that takes the focus itself does so within two frames. */
function look() {
  if (looking || !isLost()) return;
  looking = true;
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => {
    looking = false;
    if (isLost()) goBack();
  })));
}

const isLost = () =>
  places.length > 0 && !isUsable(places.at(-1)) && [null, document.body].includes(document.activeElement) && !document.querySelector("dialog[open]");

const isUsable = (one) => one.isConnected && !one.disabled && one.checkVisibility({ visibilityProperty: true });

function goBack() {
  while (places.length && !isUsable(places.at(-1))) places.pop();
  (places.at(-1) ?? document.getElementById("main"))?.focus({ preventScroll: true });
}

/** Go to the first control below a node that says that its value is wrong. */
export function goToWrong(node) {
  requestAnimationFrame(() => node?.querySelector("[aria-invalid=true]")?.focus());
}

/** Escape closes what was opened last of menus and boxes, and goes back to what opened it. */
export function closeBox(target) {
  const box = target.closest?.("details.popover[open]") ?? document.querySelector("details.popover[open]");
  if (!box) return false;
  box.open = false;
  box.querySelector("summary").focus();
  return true;
}
