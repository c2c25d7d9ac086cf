// Signing in with a token; a link that `loop serve` prints does it by itself.
import * as api from "../api.js";
import { html, useEffect, useRef, useState } from "../lib.js";
import { t } from "../words.js";

export function SignIn({ done, expired }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState(null);
  const field = useRef(null);
  useEffect(() => {
    if (!expired) field.current.focus(); // where it is a banner, somebody may be typing below it
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    try {
      await api.signIn(token.trim());
      setToken("");
      done();
    } catch (failure) {
      setError(failure.message);
    }
  };
  return html`<form class=${expired ? "sign-in banner warn" : "sign-in"} onSubmit=${submit} data-sign-in>
    ${!expired && html`<img src="/dashboard/icon.svg" alt="" width="44" height="44" /><h1>loop</h1>`}
    <p>${expired ? t("expired") : ""} ${t("sign_in_hint")}</p>
    <label class="sr-only" for="token">${t("token")}</label>
    <div class="sign-in-row"><input ref=${field} id="token" class="control" type="password" autocomplete="current-password" placeholder=${t("token")} value=${token} onInput=${(event) => setToken(event.currentTarget.value)} required />
    <button type="submit" class="button primary" data-action="sign-in">${t("sign_in")}</button></div>
    ${error && html`<p class="error" role="alert">${error}</p>`}
  </form>`;
}
