// Where the keyboard is. What has the focus may go away: a button that was pressed, a notice, a view
// after a deletion. Where the same thing is drawn anew, it has the focus again at once, so that no
// key is lost. Else the focus goes back to where the person was before in this view, or to the view.

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

/** Runs before the next key arrives. A view that takes the focus itself does so within two frames. */
function look() {
  if (!isLost() || takeTwin() || looking) return;
  looking = true;
  requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(() => {
    looking = false;
    if (isLost()) goBack();
  })));
}

const isLost = () =>
  places.length > 0 && !isUsable(places.at(-1)) && [null, document.body].includes(document.activeElement) && !document.querySelector("dialog[open]");

const isUsable = (one) => one.isConnected && !one.disabled && one.checkVisibility({ visibilityProperty: true });

/** Whether what had the focus was drawn anew and has it again. */
function takeTwin() {
  const twin = twinOf(places.at(-1));
  if (!twin) return false;
  twin.focus({ preventScroll: true });
  return document.activeElement === twin;
}

/** The same part of the same entity in the same view: a card, a row, an event of the calendar. */
function twinOf(node) {
  const item = node.isConnected ? null : node.closest("[data-path]");
  if (!item) return null;
  const found = document.querySelector(`.${CSS.escape(item.classList[0])}[data-path="${CSS.escape(item.dataset.path)}"]`);
  if (item === node) return found;
  const cell = node.closest("[data-cell]")?.dataset.cell;
  return found?.querySelector(`${cell ? `[data-cell="${CSS.escape(cell)}"] ` : ""}${node.localName}`);
}

function goBack() {
  while (places.length && !isUsable(places.at(-1))) {
    if (takeTwin()) return;
    places.pop();
  }
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
