// The Markdown of contracts: paragraphs, lists, code, bold words and links.

import { html } from "../vendor/htm-preact.js";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:[^)\s]+)\)|(https?:\/\/[^\s<>"')]*[^\s<>"').,;:])/g;
const ITEM = /^\s*[*-] /;

function link(url, text) {
  return html`<a href=${url} target="_blank" rel="noreferrer noopener">${text}</a>`;
}

/** Return a line as text with code, bold words and links. */
export function inline(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, bold, title, target, url] = match;
    parts.push(text.slice(end, match.index));
    parts.push(code ? html`<code>${code}</code>` : bold ? html`<strong>${bold}</strong>` : title ? link(target, title) : link(url, url));
    end = match.index + whole.length;
  }
  return [...parts, text.slice(end)];
}

function block(text) {
  const lines = text.split("\n");
  if (!ITEM.test(lines[0])) return html`<p>${inline(lines.join(" "))}</p>`;
  const items = [];
  for (const line of lines) {
    if (ITEM.test(line)) items.push(line.replace(ITEM, ""));
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  return html`<ul class="bullets">${items.map((item) => html`<li>${inline(item)}</li>`)}</ul>`;
}

/** Show a description. */
export function Markdown({ text }) {
  if (!text) return null;
  return html`<div class="prose">${text.trim().split(/\n\s*\n/).map(block)}</div>`;
}
