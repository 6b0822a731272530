// All screens, in the order of the navigation. `key` follows `g` as a shortcut, `count` names a part of the counts.

import { screen as overview } from "./overview.js";
import { screen as faults } from "./faults.js";
import { screen as requests } from "./requests.js";
import { screen as webhooks } from "./webhooks.js";

/** Groups of `{route, title, key, count, View}`. */
export const GROUPS = [
  { screens: [overview] },
  { title: "Traffic", screens: [requests, webhooks, faults] },
];

export const SCREENS = GROUPS.flatMap(({ screens }) => screens);
