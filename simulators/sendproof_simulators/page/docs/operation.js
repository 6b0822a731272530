// One operation: parameters, body, responses, codes and limits on one side, a call to try on the other.

import { read, colored } from "../parts/body.js";
import { html } from "../vendor/htm-preact.js";
import { Evidence, Source } from "./evidence.js";
import { contentOf, resolve } from "./loading.js";
import { inline, Markdown } from "./markdown.js";
import { LimitTable, Table } from "./reference.js";
import { rules, Schema, typeText } from "./schema.js";
import { TryIt } from "./try_it.js";

/** Return the parameters of an operation; those of its own replace those of the path. */
export function parametersOf(contract, operation, spec) {
  const nodes = [...(contract.paths[operation.path].parameters ?? []), ...(spec.parameters ?? [])].map((node) => resolve(contract, node));
  return [...new Map(nodes.map((node) => [`${node.in} ${node.name}`, node])).values()];
}

function Parameters({ contract, parameters }) {
  const rows = parameters.map((node) => [
    html`<code>${node.name}</code>${node.required && html` <span class="badge">required</span>`}${node["x-aliases"]?.map((alias) => html`<div class="faint">also ${alias.name}</div>`)}
      <div class="faint">${node.in}, ${typeText(contract, node.schema)}</div>`,
    html`${node.description && inline(node.description.replace(/\s+/g, " "))}<ul class="rules">${rules(contract, node.schema).map((rule) => html`<li>${rule}</li>`)}</ul>`,
    html`<${Evidence} level=${node["x-evidence"]} source=${node["x-source"]} />`]);
  return html`<${Table} label="Parameters" columns=${["name", "meaning", "evidence"]} rows=${rows} />`;
}

function Example({ media }) {
  const named = Object.values(media?.examples ?? {})[0]?.value;
  const value = media?.example ?? named;
  if (value === undefined) return null;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return html`<details><summary>Example</summary><pre class="code" tabindex="0">${colored(read(text).pretty)}</pre></details>`;
}

function Response_({ contract, status, node, evidence }) {
  const response = resolve(contract, node);
  const [type, media] = contentOf(response) ?? [];
  const tone = status.startsWith("2") ? "ok" : "warn";
  return html`<details class="response" open=${status.startsWith("2")}><summary><span class="line"><span class="badge ${tone}">${status}</span>
      ${inline((response.description ?? "").replace(/\s+/g, " "))} <${Evidence} level=${response["x-evidence"] ?? evidence} source=${response["x-source"]} /></span></summary>
    ${type && html`<p class="faint">${type}</p>`}
    ${media?.schema && html`<${Schema} contract=${contract} schema=${media.schema} evidence=${response["x-evidence"] ?? evidence} />`}
    <${Example} media=${media} /></details>`;
}

function RequestBody({ contract, spec, evidence }) {
  const body = resolve(contract, spec.requestBody);
  const [type, media] = contentOf(body) ?? [];
  if (!type) return null;
  return html`<section class="panel"><header><h2>Body</h2><span class="faint">${type}${body.required ? ", required" : ""}</span>
      <span class="spacer"></span><${Evidence} level=${body["x-evidence"] ?? evidence} source=${body["x-source"]} /></header>
    <div class="body stack"><${Markdown} text=${body.description} /><${Schema} contract=${contract} schema=${media.schema} evidence=${body["x-evidence"] ?? evidence} /></div></section>`;
}

function Codes({ reference, spec }) {
  const named = reference.codes.filter(({ code, kind }) => spec["x-error-codes"]?.includes(code) && kind !== "warning");
  if (!named.length) return null;
  return html`<section class="panel"><header><h2>Error codes</h2></header><${Table} label="Error codes" columns=${["code", "meaning", "evidence"]}
    rows=${named.map((code) => [html`<strong>${code.code}</strong>`, code.text, html`<${Evidence} level=${code.evidence} source=${code.source} />`])} /></section>`;
}

function Aliases({ aliases }) {
  if (!aliases.length) return null;
  return html`<p class="soft">Other spellings of the path: ${aliases.map((alias) => html`<code>${alias.path}</code> <${Evidence} level=${alias["x-evidence"]} source=${alias["x-source"]} /> `)}</p>`;
}

export function Operation({ documents, operation, spec, service, sandbox }) {
  const { contract, reference } = documents;
  const [stated] = operation.evidence;
  const parameters = parametersOf(contract, operation, spec);
  const limits = operation.limits.filter(({ rule }) => ["most", "least"].includes(rule));
  return html`<article class="chapter operation"><div class="stack">
      <h1>${operation.id}</h1>
      <p class="call line"><span class="badge verb">${operation.method}</span> <code>${operation.path}</code>
        <button type="button" class="small to-try-it" onClick=${() => document.querySelector(".try-it").scrollIntoView()}>Try it</button></p>
      <p>${inline(operation.summary)}. <${Evidence} level=${stated?.evidence} /> <span class="faint"><${Source} text=${stated?.source} /></span></p>
      <${Markdown} text=${spec.description} /><${Aliases} aliases=${operation.aliases} />
      ${parameters.length > 0 && html`<section class="panel"><header><h2>Parameters</h2></header><${Parameters} contract=${contract} parameters=${parameters} /></section>`}
      <${RequestBody} contract=${contract} spec=${spec} evidence=${stated?.evidence} />
      <section class="panel"><header><h2>Responses</h2></header><div class="body stack">
        ${Object.entries(spec.responses).map(([status, node]) => html`<${Response_} contract=${contract} status=${status} node=${node} evidence=${stated?.evidence} />`)}</div></section>
      <${Codes} reference=${reference} spec=${spec} />
      ${limits.length > 0 && html`<section class="panel"><header><h2>Limits</h2></header><${LimitTable} limits=${limits} label="Limits" /></section>`}
    </div>
    <${TryIt} documents=${documents} operation=${operation} parameters=${parameters} body=${resolve(contract, spec.requestBody)} service=${service} sandbox=${sandbox} />
  </article>`;
}
