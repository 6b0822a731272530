// How well a statement is supported, with its source.

import { html } from "../vendor/htm-preact.js";

const TONES = { documented: "ok", observed: "info", assumed: "warn" };
export const MEANINGS = {
  documented: "A public page of the service's owner states it.",
  observed: "Clients of the live service rely on it, or a recording shows it.",
  assumed: "No source states it. The simulator needs a behaviour, and this is our choice.",
};
const URL_ = /https?:\/\/[^\s"',)]+/;

/** Show a source: the URL in it as a link. */
export function Source({ text }) {
  const url = URL_.exec(text ?? "")?.[0];
  if (!url) return text || null;
  const [before, after] = text.split(url);
  return html`${before}<a href=${url} target="_blank" rel="noreferrer noopener">${url.replace(/^https?:\/\//, "")}</a>${after}`;
}

/** Show the level of evidence as a badge. */
export function Evidence({ level, source = "" }) {
  if (!level) return null;
  return html`<span class="badge ${TONES[level] ?? ""}" title=${[MEANINGS[level], source].filter(Boolean).join(" ")}>${level}</span>`;
}
