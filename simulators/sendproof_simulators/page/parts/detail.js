// What was opened from a list: next to it, or over it on narrow screens. Escape closes it.

import { Close } from "./icons.js";
import { html, useEffect, useRef } from "../vendor/htm-preact.js";

/** `name` changes with the opened item: the panel then begins at its top. */
export function Detail({ title, name, actions, onClose, children }) {
  const body = useRef();
  useEffect(() => {
    const close = (event) => { if (event.key === "Escape" && !event.defaultPrevented) onClose(); };
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [onClose]);
  useEffect(() => { body.current.scrollTop = 0; }, [name]);
  return html`<aside class="detail" aria-label=${typeof title === "string" ? title : "Detail"}>
    <header><h2>${title}</h2>${actions}
      <button type="button" class="quiet" onClick=${onClose} aria-label="Close" title="Close (Esc)"><${Close} /></button></header>
    <div class="body" ref=${body}>${children}</div>
  </aside>`;
}
