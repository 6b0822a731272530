// Bodies of requests and responses as people read them: JSON indented, forms decoded, all else as it is.

import { Copy } from "./copy.js";
import { html, useMemo, useState } from "../vendor/htm-preact.js";

const TOKENS = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Return the text of JSON as spans with classes for names, texts and other values. */
export function colored(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(TOKENS)) {
    parts.push(text.slice(end, match.index));
    const [whole, string, colon] = match;
    const kind = colon ? "json-name" : string ? "json-text" : "json-value";
    parts.push(html`<span class=${kind}>${colon ? string : whole}</span>`, colon ?? "");
    end = match.index + whole.length;
  }
  return [...parts, text.slice(end)];
}

/** Return `{kind, pretty}` of a body; `kind` is json, form or text. */
export function read(text, type = "") {
  if (/^\s*[[{"]/.test(text)) {
    try {
      return { kind: "json", pretty: JSON.stringify(JSON.parse(text), null, 2) };
    } catch { /* Not JSON, or only its beginning. */ }
  }
  if (/x-www-form-urlencoded/.test(type) && text) return { kind: "form", pretty: [...new URLSearchParams(text)] };
  return { kind: "text", pretty: text };
}

/** Show pairs of names and values. */
export function Pairs({ pairs, label }) {
  if (!pairs.length) return null;
  return html`<table class="table pairs" aria-label=${label}><tbody>
    ${pairs.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="mono">${String(value)}</td></tr>`)}
  </tbody></table>`;
}

export function Body({ title, text, type, truncated }) {
  const [raw, setRaw] = useState(false);
  const { kind, pretty } = useMemo(() => read(text ?? "", type), [text, type]);
  if (!text) return html`<section class="section"><header><h3>${title}</h3></header><p class="faint">No body</p></section>`;
  return html`<section class="section"><header><h3>${title}</h3><span class="faint">${type?.split(";")[0]}</span><span class="spacer"></span>
      ${kind !== "text" && html`<button type="button" class="small quiet" aria-pressed=${raw} onClick=${() => setRaw(!raw)}>Raw</button>`}
      <${Copy} text=${text} what=${title.toLowerCase()} /></header>
    ${raw || kind === "text" ? html`<pre class="code" tabindex="0">${text}</pre>`
      : kind === "json" ? html`<pre class="code" tabindex="0">${colored(pretty)}</pre>`
        : html`<${Pairs} pairs=${pretty} label=${title} />`}
    ${truncated && html`<p class="faint">Only the beginning is kept.</p>`}
  </section>`;
}
