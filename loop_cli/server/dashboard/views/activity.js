import { html } from "../lib.js"; export function Activity() { return html`<p>activity</p>`; }
