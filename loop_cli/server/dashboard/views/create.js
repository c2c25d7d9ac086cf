import { html } from "../lib.js"; export function Create() { return html`<p>create</p>`; }
