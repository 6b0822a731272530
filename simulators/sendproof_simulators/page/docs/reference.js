// The chapters about a whole service: overview with downloads, limits, error codes, dialects and test numbers.

import { api, control } from "../api.js";
import { Copy } from "../parts/copy.js";
import { plural } from "../parts/format.js";
import { html } from "../vendor/htm-preact.js";
import { Evidence, MEANINGS, Source } from "./evidence.js";
import { inline, Markdown } from "./markdown.js";

const PLACES = {
  header: ({ name }) => html`as header <code>${name}</code>`,
  query: ({ name }) => html`as <code>${name}</code> in the query, or in the form of a POST`,
  body: ({ name }) => html`as member <code>${name}</code> of the JSON body`,
  signature: ({ name }) => html`as key of the HMAC-SHA256 of the body, in hex as header <code>${name}</code>`,
};

/** A table that becomes one block a row on narrow screens. */
export function Table({ label, columns, rows }) {
  return html`<table class="table wide-table" aria-label=${label}><thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
    <tbody>${rows.map((cells) => html`<tr>${cells.map((cell, index) => html`<td data-label=${columns[index]}><div>${cell}</div></td>`)}</tr>`)}</tbody></table>`;
}

function Panel({ title, children, note }) {
  return html`<section class="panel"><header><h2>${title}</h2>${note && html`<span class="faint">${note}</span>`}</header><div class="body">${children}</div></section>`;
}

function Downloads({ service, reference }) {
  const contract = (name, format) => control.url(`services/${encodeURIComponent(name)}/contract.${format}`);
  const links = (name) => html`<a class="button" href=${contract(name, "yaml")} download=${`${name}.yaml`}>${name}.yaml</a>
    <a class="button" href=${contract(name, "json")} download=${`${name}.json`}>${name}.json</a>`;
  return html`<${Panel} title="Downloads">
    <dl class="kv downloads"><dt>Contract, OpenAPI 3.0</dt><dd class="line">${links(service)}</dd>
      ${reference.webhooks && html`<dt>Contract of its webhooks</dt><dd class="line">${links(reference.webhooks)}</dd>`}
      ${service !== "control" && html`<dt>Collection for Postman or Bruno</dt><dd class="line">
        <a class="button" href=${api.url(`services/${encodeURIComponent(service)}/collection.json`)} download=${`${service}.postman_collection.json`}>${service}.postman_collection.json</a>
        <span class="faint">It contains the credentials of this sandbox.</span></dd>`}
    </dl><//>`;
}

function Connection({ service, sandbox, reference }) {
  const known = sandbox.services[service];
  if (!known) return null;
  const place = (name) => reference.credentials.find(({ credential }) => credential === name);
  return html`<${Panel} title="Address and credentials" note=${`sandbox ${sandbox.sandbox}`}>
    <dl class="kv"><dt>url</dt><dd class="line"><code>${known.url}</code> <${Copy} text=${known.url} what="URL" /></dd>
      ${Object.entries(known.credentials).map(([name, value]) => html`<dt>${name}</dt><dd><div class="line"><code>${value}</code> <${Copy} text=${value} what=${name} /></div>
        ${place(name) && html`<div class="soft">${PLACES[place(name).place](place(name))}</div>`}</dd>`)}</dl><//>`;
}

export function Overview({ documents: { contract, reference, sandbox }, service }) {
  const levels = Object.entries(MEANINGS);
  const count = (level) => reference.operations.filter(({ evidence }) => evidence[0]?.evidence === level).length;
  return html`<article class="stack chapter"><h1>${reference.title}</h1>
    <p class="soft">${plural(reference.operations.length, "operation")}; contract <code>${reference.contract}</code>, SHA-256 <code class="digest">${reference.digest.slice(0, 12)}</code></p>
    <${Markdown} text=${contract.info.description} />
    <div class="grid"><${Connection} service=${service} sandbox=${sandbox} reference=${reference} /><${Downloads} service=${service} reference=${reference} /></div>
    <${Panel} title="Evidence"><dl class="kv">${levels.map(([level, meaning]) => html`<dt><${Evidence} level=${level} /></dt>
      <dd>${meaning} <span class="faint">${plural(count(level), "operation")}</span></dd>`)}</dl><//>
  </article>`;
}

/** A table of limits, those of the sandbox's dialects first. */
export function LimitTable({ limits, label }) {
  const rows = limits.map((limit) => [
    html`${inline(limit.text)}${!limit.is_in_force && html` <span class="badge">not in this sandbox</span>`}`,
    html`<${Evidence} level=${limit.evidence} />`, html`<${Source} text=${limit.source} />`]);
  return html`<${Table} label=${label} columns=${["limit", "evidence", "source"]} rows=${rows} />`;
}

export function Limits({ documents: { reference } }) {
  return html`<article class="stack chapter"><h1>Limits</h1><p class="soft">Of all operations, with the dialects of this sandbox.</p>
    <section class="panel"><${LimitTable} limits=${reference.limits} label="Limits" /></section></article>`;
}

export function Codes({ documents: { reference } }) {
  const rows = reference.codes.map(({ code, kind, text, note, evidence, source }) => [
    html`<strong>${code}</strong>${kind && html` <span class="faint">${kind}</span>`}`,
    html`${text}${note && html`<div class="soft">${inline(note)}</div>`}`, html`<${Evidence} level=${evidence} />`, html`<${Source} text=${source} />`]);
  return html`<article class="stack chapter"><h1>Error codes</h1>
    <section class="panel"><${Table} label="Error codes" columns=${["code", "meaning", "evidence", "source"]} rows=${rows} /></section></article>`;
}

export function Dialects({ documents: { reference }, service }) {
  return html`<article class="stack chapter"><h1>Dialects</h1>
    <p class="soft">Open questions about the real service, each with the options that the simulator supports. A sandbox has the first one unless you choose another.</p>
    ${reference.dialects.map(({ name, question, chosen, options }) => html`<section class="panel" id=${name}>
      <header><h2><code>${service}.${name}</code></h2></header><div class="body stack"><p>${inline(question)}</p>
      <${Table} label=${name} columns=${["option", "meaning", "evidence", "source"]} rows=${options.map((option) => [
        html`<code>${option.value}</code>${option.value === chosen && html` <span class="badge ok">in this sandbox</span>`}`,
        inline(option.meaning), html`<${Evidence} level=${option.evidence} />`, html`<${Source} text=${option.source} />`])} /></div></section>`)}</article>`;
}

export function TestNumbers({ documents: { reference } }) {
  const countries = Object.keys(reference.test_numbers[0]?.numbers ?? {});
  const rows = reference.test_numbers.map(({ code, name, numbers }) => [
    html`<code>${code}</code>`, name, ...countries.map((country) => html`<code>${numbers[country]}</code>`)]);
  return html`<article class="stack chapter"><h1>Test numbers</h1>
    <p class="soft">The last two digits of a test number select the outcome of each message to it. They mean the same at every provider.</p>
    <section class="panel"><${Table} label="Test numbers" columns=${["code", "outcome", ...countries]} rows=${rows} /></section></article>`;
}
