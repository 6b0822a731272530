// Shortcuts of the whole page, and the panel that lists them.

import { Close } from "./icons.js";
import { href } from "./links.js";
import { SCREENS } from "../screens/index.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

// Milliseconds within which the second key of a shortcut follows.
const SEQUENCE_MS = 1500;
const actions = new Map();

/** Bind a key while the component is shown; `title` describes it in the help. */
export function useKey(key, title, action) {
  useEffect(() => {
    actions.set(key, { title, action });
    return () => actions.delete(key);
  });
}

const isTyping = ({ target }) => target.closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");

function focusSearch() {
  document.querySelector("[data-search]")?.focus();
}

/** Return the state of the help panel, and listen to all shortcuts. */
export function useShortcuts() {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    let since = -Infinity;
    const onKey = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "Escape" && isTyping(event)) { event.target.blur(); event.preventDefault(); return; }
      if (isTyping(event)) return;
      if (event.key === "Escape") { setOpen(false); return; }
      const follows = event.timeStamp - since < SEQUENCE_MS;
      since = -Infinity;
      if (follows) {
        const screen = SCREENS.find(({ key }) => key === event.key);
        if (screen) location.hash = href(screen.route);
      } else if (event.key === "g") since = event.timeStamp;
      else if (event.key === "?") setOpen((last) => !last);
      else if (event.key === "/") focusSearch();
      else if (actions.has(event.key)) actions.get(event.key).action();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKey, { capture: false });
    return () => removeEventListener("keydown", onKey);
  }, []);
  return { open, close: () => setOpen(false) };
}

export function Help({ open, close }) {
  if (!open) return null;
  const lines = [
    ["?", "Show or hide this help"], ["/", "Search"], ["Esc", "Close, or leave a field"],
    ["↑ ↓ or j k", "Move in a list"], ["Enter", "Open the selected line"],
    ...[...actions].map(([key, { title }]) => [key, title]),
    ...SCREENS.map(({ key, title }) => [`g ${key}`, title]),
  ];
  return html`<section class="menu help" aria-label="Keyboard shortcuts">
    <div class="line"><h2>Keyboard shortcuts</h2><span class="spacer"></span>
      <button type="button" class="quiet small" onClick=${close} aria-label="Close the help"><${Close} /></button></div>
    <dl>${lines.map(([keys, title]) => html`<dt><kbd>${keys}</kbd></dt><dd>${title}</dd>`)}</dl>
  </section>`;
}
