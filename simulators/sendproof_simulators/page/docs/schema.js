// A schema as a tree of members, each with type, rules, meaning and evidence.

import { count, plural } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";
import { Evidence } from "./evidence.js";
import { resolve } from "./loading.js";
import { inline } from "./markdown.js";

const DEEPEST = 8;
const OPEN_LEVELS = 2;
const MOST_VALUES = 24;
const TYPE_BOUND = 2 ** 31 - 1;
const CHOICES = ["oneOf", "anyOf", "allOf"];
const CHOICE_WORDS = { oneOf: "one of these", anyOf: "any of these", allOf: "all of these" };

/** Return the type in words, such as `array of integer (int64)`. */
export function typeText(contract, schema) {
  const node = resolve(contract, schema);
  if (node.type === "array") return `array of ${typeText(contract, node.items)}`;
  const choice = CHOICES.find((name) => node[name]);
  const kind = node.type ?? (node.properties ? "object" : choice ? CHOICE_WORDS[choice] : "any");
  return `${kind}${node.format ? ` (${node.format})` : ""}${node.nullable ? " or null" : ""}`;
}

/** Return the rules of a schema in words. */
export function rules(contract, schema) {
  const node = resolve(contract, schema);
  const found = [];
  const between = (least, stated, unit) => {
    // The bounds of a number type are no rule of the service.
    const most = stated >= TYPE_BOUND ? undefined : stated;
    if (least === undefined && most === undefined) return;
    const words = unit ? plural(most ?? least, unit) : count(most ?? least);
    found.push(`${least === undefined ? "at most " : most === undefined ? "at least " : `${count(least)} to `}${words}`);
  };
  between(node.minLength, node.maxLength, "character");
  between(node.minimum, node.maximum, "");
  between(node.minItems, node.maxItems, "item");
  if (node.enum) found.push(`one of ${node.enum.slice(0, MOST_VALUES).map((value) => JSON.stringify(value)).join(", ")}${node.enum.length > MOST_VALUES ? ", …" : ""}`);
  if (node.pattern) found.push(`pattern ${node.pattern}`);
  if (node.default !== undefined) found.push(`default ${JSON.stringify(node.default)}`);
  if (node["x-null"] === "absent") found.push("null means absent");
  return found;
}

function Rules({ list }) {
  return list.length ? html`<ul class="rules">${list.map((rule) => html`<li>${rule}</li>`)}</ul>` : null;
}

/** Return the schemas below one: members of objects, items of lists, and alternatives. */
function below(contract, schema) {
  const node = resolve(contract, schema);
  if (node.type === "array") return below(contract, node.items);
  const members = Object.entries(node.properties ?? {}).map(([name, member]) => ({ name, schema: member, required: node.required?.includes(name) }));
  const free = typeof node.additionalProperties === "object" ? [{ name: "any other name", schema: node.additionalProperties, free: true }] : [];
  const forms = CHOICES.flatMap((choice) => (node[choice] ?? []).map((part, index) => ({ name: `form ${index + 1}`, schema: part, free: true })));
  return [...members, ...free, ...forms];
}

function Member({ contract, member, level, inherited }) {
  const node = resolve(contract, member.schema);
  const parts = level < DEEPEST ? below(contract, member.schema) : [];
  const evidence = member.schema["x-evidence"] ?? node["x-evidence"];
  const line = html`<span class="member-name">${member.free ? html`<em>${member.name}</em>` : html`<code>${member.name}</code>`}</span>
    <span class="faint">${typeText(contract, member.schema)}</span>
    ${member.required && html`<span class="badge">required</span>`}
    ${evidence && evidence !== inherited && html`<${Evidence} level=${evidence} source=${node["x-source"]} />`}`;
  const text = member.schema.description ?? node.description;
  const about = html`${text && html`<div class="soft">${inline(text.replace(/\s+/g, " "))}</div>`}<${Rules} list=${rules(contract, member.schema)} />`;
  if (!parts.length) return html`<li><div class="line">${line}</div>${about}</li>`;
  return html`<li><details open=${level < OPEN_LEVELS}><summary><span class="line">${line}</span></summary>${about}
    <${Members} contract=${contract} parts=${parts} level=${level + 1} inherited=${evidence ?? inherited} /></details></li>`;
}

function Members({ contract, parts, level, inherited }) {
  return html`<ul class="members">${parts.map((member) => html`<${Member} contract=${contract} member=${member} level=${level} inherited=${inherited} />`)}</ul>`;
}

/** Show a schema. `evidence` is that of the part around it; members name theirs only if it differs. */
export function Schema({ contract, schema, evidence }) {
  const parts = below(contract, schema);
  return html`<div class="schema"><p class="faint">${typeText(contract, schema)}</p><${Rules} list=${rules(contract, schema)} />
    ${parts.length > 0 && html`<${Members} contract=${contract} parts=${parts} level=${0} inherited=${evidence} />`}</div>`;
}
