// Short messages on what a command did. Errors stay until they are closed.

import { Close } from "./icons.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

const SHOWN_MS = 5000;
let show = () => {};

/** Say what was done. */
export const say = (text) => show({ text, bad: false });
/** Say why a command failed. */
export const complain = (error) => show({ text: error.detail ?? String(error), bad: true });

/** Run a command of a button: say `done`, or why it failed. Return its result; undefined after an error. */
export async function attempt(action, done) {
  try {
    const result = await action();
    if (done) say(typeof done === "function" ? done(result) : done);
    return result;
  } catch (error) {
    complain(error);
    return undefined;
  }
}

export function Toasts() {
  const [toasts, setToasts] = useState([]);
  const remove = (toast) => setToasts((all) => all.filter((other) => other !== toast));
  useEffect(() => {
    show = (toast) => {
      // The newest success replaces the former one, so that several advances do not cover the list.
      setToasts((all) => [...all.filter((other) => other.bad).slice(-2), toast]);
      if (!toast.bad) setTimeout(() => remove(toast), SHOWN_MS);
    };
  }, []);
  return html`<div class="toasts" role="status" aria-live="polite">
    ${toasts.map((toast) => html`<div class=${`toast ${toast.bad ? "bad" : ""}`}><span>${toast.text}</span>
      <button type="button" aria-label="Close" onClick=${() => remove(toast)}><${Close} /></button></div>`)}
  </div>`;
}
