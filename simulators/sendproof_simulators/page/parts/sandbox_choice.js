// The choice of the sandbox in the top bar.

import { control } from "../api.js";
import { useLive } from "../live.js";
import { chooseSandbox } from "./links.js";
import { html } from "../vendor/htm-preact.js";

export function SandboxChoice({ sandbox }) {
  const { data, reload } = useLive(() => control.get("sandboxes"), ["sandboxes"], [sandbox]);
  const names = (data ?? []).map((item) => item.sandbox);
  if (!names.includes(sandbox)) names.unshift(sandbox);
  return html`<label class="line"><span class="hidden-text">Sandbox</span>
    <select class="select-sandbox" value=${sandbox} onChange=${(event) => chooseSandbox(event.target.value)} title="Sandbox"
      onPointerDown=${reload} onFocus=${reload}>
      ${names.map((name) => html`<option value=${name} selected=${name === sandbox}>${name}</option>`)}
    </select></label>`;
}
