// Icons as drawings: no font has all of these signs.

import { html } from "../vendor/htm-preact.js";

const icon = (path) => html`<svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false"><path d=${path} fill="currentColor" /></svg>`;

export const Play = () => icon("M4 2.5v11l9.5-5.5z");
export const Pause = () => icon("M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z");
export const Check = () => icon("M6.4 12.6 2 8.2l1.3-1.3 3.1 3.1L12.7 3.7 14 5z");
export const Close = () => icon("M4.1 3 8 6.9 11.9 3 13 4.1 9.1 8l3.9 3.9-1.1 1.1L8 9.1 4.1 13 3 11.9 6.9 8 3 4.1z");
