// Markdown from the vault as a person reads it. What it may contain is decided by the sanitizer: no
// script, no form, no style, nothing that is loaded from elsewhere.
import { html, useEffect, useRef, useState } from "../lib.js";
import { t } from "../words.js";

let reader = null;
const LONGEST = 300_000; // characters; a longer text is shown as it is

/** Fetched when the first text is shown. */
function load() {
  reader ??= Promise.all([import("../vendor/marked.js"), import("../vendor/purify.js")]).then(
    ([{ Marked }, { default: purify }]) => make(Marked, purify),
  );
  return reader;
}

const CLEAN = {
  ALLOWED_TAGS: "a blockquote br code dd del dl dt em h1 h2 h3 h4 h5 h6 hr i b input kbd li mark ol p pre s strong sub sup table tbody td th thead tr ul span div details summary u".split(" "),
  ALLOWED_ATTR: ["href", "title", "checked", "disabled", "type", "align", "colspan", "rowspan", "start"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|obsidian:|#)/i,
  RETURN_DOM_FRAGMENT: true,
};

const wikilink = {
  name: "wikilink",
  level: "inline",
  start: (text) => text.indexOf("[["),
  tokenizer(text) {
    const found = /^!?\[\[([^[\]|#^]+)(?:[#^][^[\]|]*)?(?:\\?\|([^[\]]*))?\]\]/.exec(text);
    return found ? { type: "wikilink", raw: found[0], to: found[1].trim(), text: (found[2] || found[1]).trim() } : undefined;
  },
  renderer: ({ to, text }) => `<a href="#/entity/${encodeURIComponent(nameIn(to))}">${escaped(text)}</a>`,
};

const nameIn = (path) => path.split("/").pop().replace(/\.(md|markdown)$/i, "");
const escaped = (text) => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);

function make(Marked, purify) {
  const marked = new Marked({
    gfm: true,
    extensions: [wikilink],
    renderer: {
      // A picture would be loaded from elsewhere: what is shown is a link to it.
      image: ({ href, text }) => `<a href="${escaped(href)}">${escaped(text || href)}</a>`,
    },
  });
  marked.use({ extensions: [wikilink] });
  return (text) => {
    const found = purify.sanitize(marked.parse(text), CLEAN);
    for (const one of found.querySelectorAll("a[href]")) {
      if (!one.getAttribute("href").startsWith("#/")) {
        one.setAttribute("rel", "noopener noreferrer nofollow");
        one.setAttribute("target", "_blank");
      }
    }
    for (const one of found.querySelectorAll("input")) {
      one.type = "checkbox";
      one.disabled = true;
      one.setAttribute("aria-label", (one.closest("li")?.textContent || "").trim().slice(0, 80) || "☐");
    }
    for (const one of found.querySelectorAll("pre, table")) one.tabIndex = 0;
    for (const one of found.querySelectorAll("h1,h2,h3,h4,h5,h6")) lower(one);
    return found;
  };
}

/** The page has its own h1 and h2: a text's headings come below them. */
function lower(heading) {
  const level = Math.min(6, Number(heading.tagName[1]) + 2);
  const made = document.createElement(`h${level}`);
  made.append(...heading.childNodes);
  made.className = `md-${heading.tagName.toLowerCase()}`;
  heading.replaceWith(made);
}

export function Markdown({ text, onOpen }) {
  const ref = useRef(null);
  const [ready, setReady] = useState(null);
  useEffect(() => {
    load().then((read) => setReady(() => read));
  }, []);
  useEffect(() => {
    if (!ready || !ref.current || text.length > LONGEST) return;
    ref.current.replaceChildren(ready(text));
    if (!ref.current.textContent.trim()) ref.current.textContent = t("none");
  }, [ready, text]);
  const open = (event) => {
    if (onOpen && !event.target.closest("a") && !getSelection().toString()) onOpen();
  };
  if (!text.trim()) {
    return html`<div class="markdown quiet" onClick=${onOpen}>${t("none")}</div>`;
  }
  if (text.length > LONGEST) return html`<pre class="markdown" tabindex="0">${text}</pre>`;
  return html`<div class="markdown" ref=${ref} onDblClick=${open}></div>`;
}
