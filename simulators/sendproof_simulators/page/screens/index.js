// All screens, in the order of the navigation. `key` follows `g` as a shortcut, `count` names a part of the counts.

import { screen as campaigns } from "./campaigns.js";
import { screen as customers } from "./customers.js";
import { screen as faults } from "./faults.js";
import { screen as findings } from "./findings.js";
import { screen as outbox } from "./outbox.js";
import { screen as overview } from "./overview.js";
import { screen as requests } from "./requests.js";
import { screen as sandboxes } from "./sandboxes.js";
import { screen as triggers } from "./triggers.js";
import { screen as webhooks } from "./webhooks.js";

/** Groups of `{route, title, key, count, View}`. */
export const GROUPS = [
  { screens: [overview, findings] },
  { title: "Optimove", screens: [campaigns, triggers, customers] },
  { title: "Providers", screens: [outbox] },
  { title: "Traffic", screens: [requests, webhooks, faults] },
  { title: "Set-up", screens: [sandboxes] },
];

export const SCREENS = GROUPS.flatMap(({ screens }) => screens);
