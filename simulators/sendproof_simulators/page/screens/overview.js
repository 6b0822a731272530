// The first screen: how to connect a bridge, and what happens.

import { api } from "../api.js";
import { useLive } from "../live.js";
import { html } from "../vendor/htm-preact.js";

function View() {
  const { data, error } = useLive(() => api.get(""), []);
  return html`<div class="screen"><div class="heading"><h1>Overview</h1></div><div class="scroll">${error?.detail}<pre>${JSON.stringify(data, null, 1)}</pre></div></div>`;
}

export const screen = { route: "overview", title: "Overview", key: "o", View };
