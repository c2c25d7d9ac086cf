// The beginning: who is here, then the vault, then what changes.
import * as api from "./api.js";
import * as drafts from "./drafts.js";
import * as focus from "./focus.js";
import { html, render } from "./lib.js";
import * as live from "./live.js";
import { route } from "./route.js";
import * as saving from "./saving.js";
import * as session from "./session.js";
import * as vault from "./vault.js";
import { told } from "./views/actions.js";
import { beginTheme, Shell, typeNow } from "./views/shell.js";

const IDLE = 1_500; // milliseconds after which what is not urgent is read

async function begin() {
  beginTheme();
  focus.begin();
  render(html`<${Shell} signedIn=${signedIn} />`, document.getElementById("app"));
  await Promise.all([drafts.begin(), signedIn()]);
  await saving.resume((done, job) => told(done, job));
}

/** Go on as whoever the browser's session is. */
async function signedIn() {
  try {
    session.who.value = await api.whoami();
  } catch (failure) {
    if (failure.offline) {
      session.state.value = "in";
      setTimeout(signedIn, 2_000);
    } else if (!failure.signedOut) {
      vault.problem.value = failure;
      session.state.value = "in";
    }
    return;
  }
  session.state.value = "in";
  drafts.tell({ signedIn: true });
  live.begin();
  await vault.begin().then(first, again);
}

/** What the present view needs is read at once, the rest when there is time. */
function first() {
  if (route.value.view !== "entity") vault.load(typeNow());
  setTimeout(vault.countAll, IDLE);
}

/** A schema that did not parse may be mended in an editor. */
function again() {
  setTimeout(() => {
    if (vault.problem.value && session.state.value === "in") vault.begin().then(first, again);
  }, 3_000);
}

drafts.hear((data) => {
  if (data.signedIn && (session.state.value === "expired" || session.state.value === "out")) signedIn();
});

begin();
