// Small parts that say how something is: badges, counted facts, empty screens and problems.

import { html } from "../vendor/htm-preact.js";
import { capital, count } from "./format.js";

const TONES = {
  good: ["announced", "running", "delivered", "clicked", "pass", "ok", "accepted", "cleared", "opted in", "answered"],
  wait: ["planned", "on_hold", "pending", "sent", "queued", "scheduled", "due", "sending", "retrying", "open"],
  odd: ["unknown", "expired", "indefinite", "note", "never"],
  bad: ["cancelled", "undelivered", "failed", "rejected", "invalid", "bounced", "dropped", "fail", "missing", "refused",
    "blocked", "landline", "opted out", "stop"],
  broke: ["error"],
};

/** Return the tone of a state: good, wait, odd, bad, broke or plain. */
export function toneOf(state) {
  const word = String(state ?? "").toLowerCase();
  return Object.keys(TONES).find(tone => TONES[tone].includes(word)) ?? "plain";
}

/** Show a state as a pill. Its word says the same as its colour. */
export function Badge({state, tone = toneOf(state), title, children = capital(state)}) {
  return html`<span class="badge ${tone}" title=${title}>${children}</span>`;
}

/** Show a list of facts: pairs of a term and its content. Pairs without content are left out. */
export function Facts({facts, children}) {
  const present = facts.filter(([, content]) => content !== null && content !== undefined && content !== "");
  return html`<dl class="facts">
    ${present.map(([term, content]) => html`<div key=${term}><dt>${term}</dt><dd>${content}</dd></div>`)}
    ${children}
  </dl>`;
}

/** Show large numbers side by side: items with label, value and optionally tone and note. */
export function Figures({items, label}) {
  return html`<ul class="figures" aria-label=${label}>
    ${items.map(item => html`<li key=${item.label} class=${item.tone ?? ""}>
      <b>${typeof item.value === "number" ? count(item.value) : item.value}</b>
      <span>${item.label}</span>${item.note && html`<small>${item.note}</small>`}
    </li>`)}
  </ul>`;
}

/** Say that a list is empty, and what would fill it. */
export function Empty({title, children}) {
  return html`<div class="empty"><strong>${title}</strong>${children && html`<p>${children}</p>`}</div>`;
}

/** Show why something failed, as the API says it. */
export function Problem({error}) {
  if (!error) return null;
  const violations = error.violations ?? [];
  return html`<div class="problem" role="alert">
    <strong>${error.detail || error.message}</strong>
    ${violations.length > 1 && html`<ul>${violations.map(item => html`<li>${item.message ?? String(item)}</li>`)}</ul>`}
  </div>`;
}

/** Show the content, or that it loads, or why it could not be loaded. */
export function Loaded({data, error, children}) {
  if (error && !data) return html`<${Problem} error=${error} />`;
  if (!data) return html`<p class="loading" role="status">Loading…</p>`;
  return children(data);
}
