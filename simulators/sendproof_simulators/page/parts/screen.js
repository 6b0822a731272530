// The frame of a screen: a heading with its filters and actions, and the content below.

import { html } from "../vendor/htm-preact.js";

/** Show a screen. `crumbs` are links to where it belongs, `filters` and `actions` stay in view. */
export function Screen({title, crumbs, filters, actions, under, children}) {
  return html`<section class="screen" aria-label=${title}>
    <header class="heading">
      <div class="titles">${crumbs && html`<p class="crumbs">${crumbs}</p>`}<h1>${title}</h1>${under}</div>
      ${filters}<span class="spacer"></span>
      ${actions && html`<div class="line">${actions}</div>`}
    </header>
    ${children}
  </section>`;
}

/** Show a titled part of a screen. `note` explains it, `actions` are next to its title. */
export function Panel({title, note, actions, children}) {
  return html`<section class="panel" aria-label=${title}>
    <header><h2>${title}</h2>${note && html`<span class="faint note">${note}</span>`}<span class="spacer"></span>${actions}</header>
    <div class="body">${children}</div>
  </section>`;
}
