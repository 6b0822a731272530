// All screens, in the order of the navigation. `key` follows `g` as a shortcut, `count` names a part of the counts.

import { screen as overview } from "./overview.js";

/** Groups of `{route, title, key, count, View}`. */
export const GROUPS = [
  { screens: [overview] },
];

export const SCREENS = GROUPS.flatMap(({ screens }) => screens);
