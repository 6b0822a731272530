// A button that copies a text.

import { html, useState } from "../vendor/htm-preact.js";

const SHOWN_MS = 1500;

async function copy(text) {
  // Browsers offer the clipboard only to this machine and over TLS.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
  return undefined;
}

/** `text` is a string, or a function that returns it. */
export function Copy({ text, label = "Copy", small = true, what = "" }) {
  const [done, setDone] = useState(false);
  const run = async (event) => {
    event.stopPropagation();
    await copy(typeof text === "function" ? text() : text);
    setDone(true);
    setTimeout(() => setDone(false), SHOWN_MS);
  };
  return html`<button type="button" class=${small ? "small" : ""} onClick=${run}
    aria-label=${what ? `${label} ${what}` : null}>${done ? "Copied" : label}</button>`;
}
