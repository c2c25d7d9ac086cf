import { html } from "../lib.js"; export function Calendar() { return html`<p>calendar</p>`; }
