// One request with its response, next to the log.

import { api } from "../api.js";
import { useLive } from "../live.js";
import { Body, Pairs } from "./body.js";
import { Copy } from "./copy.js";
import { Detail } from "./detail.js";
import { exact } from "./format.js";
import { href } from "./links.js";
import { Loaded } from "./state.js";
import { html } from "../vendor/htm-preact.js";

/** Return the tone of a request: some services refuse with status 200. */
export const tone = ({ status, refused }) => (status >= 500 ? "bad" : status >= 400 || refused ? "warn" : "ok");

const pairsOf = (fields) => (Array.isArray(fields) ? fields : Object.entries(fields ?? {}));

function header(fields, name) {
  return pairsOf(fields).find(([key]) => key.toLowerCase() === name)?.[1];
}

const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

/** Return the request as a curl command. Secrets are not kept, so you have to fill them in. */
function asCurl(request, base) {
  const query = pairsOf(request.query).map((pair) => pair.map(encodeURIComponent).join("=")).join("&");
  const url = `${base}${request.path}${query ? `?${query}` : ""}`;
  const skipped = new Set(["host", "content-length", "connection", "accept-encoding"]);
  const headers = pairsOf(request.request_headers).filter(([name]) => !skipped.has(name.toLowerCase()));
  return [
    `curl -X ${request.method} ${quoted(url)}`,
    ...headers.map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(request.request_body ? [`--data-binary ${quoted(request.request_body)}`] : []),
  ].join(" \\\n  ");
}

function Violations({ violations, what = "The request breaks its contract" }) {
  if (!violations?.length) return null;
  return html`<section class="section"><header><h3>${what}</h3></header>
    <ul class="violations">${violations.map((violation) => html`<li>
      <code>${violation.where}</code> ${violation.message}
      ${violation.expected && html`<div class="faint">expected ${violation.expected}${violation.value !== undefined && html`, got <code>${violation.value}</code>`}</div>`}
    </li>`)}</ul></section>`;
}

function NearMiss({ text, nearest, service }) {
  if (!text) return null;
  return html`<div class="notice miss-notice" role="note"><strong>Not served as meant</strong> ${text}
    ${nearest && html`<div>Probably meant: <a href=${`docs/${service}#${nearest}`}>${nearest}</a></div>`}</div>`;
}

function Headers({ title, fields }) {
  const pairs = pairsOf(fields);
  return pairs.length > 0 && html`<details><summary>${title} <span class="faint">${pairs.length}</span></summary>
    <${Pairs} pairs=${pairs} label=${title} /></details>`;
}

function Facts({ request }) {
  return html`<dl class="kv">
    <dt>Operation</dt><dd>${request.service} ${request.operation && html`<a href=${href("requests", { operation: request.operation })}
      title="All requests to this operation">${request.operation}</a>`} <a class="faint" href=${`docs/${request.service}${href(request.operation ?? "overview")}`}>documentation</a></dd>
    <dt>Time</dt><dd>${exact(request.at)}${request.ms !== null && request.ms !== undefined && html` <span class="faint">answered in ${request.ms} ms</span>`}</dd>
    ${request.client && html`<dt>Client</dt><dd>${request.client}</dd>`}
    ${request.operation && html`<dt>Fault</dt><dd>${!request.fault && html`<a href=${href("faults", { call: `${request.service}.${request.operation}` }, "new")}>Add one to this call</a>`}${request.fault && html`<span class="badge bad">${request.fault}</span> was injected`}</dd>`}
    ${request.messages?.length > 0 && html`<dt>Messages</dt><dd>${messageLinks(request)}</dd>`}
  </dl>`;
}

function messageLinks(request) {
  const shown = request.messages.slice(0, 10);
  const links = shown.map((id, index) => html`${index > 0 && ", "}<a href=${href("outbox", {}, request.service, id)}>${id}</a>`);
  return request.messages.length > shown.length ? [links, ` and ${request.messages.length - shown.length} more`] : links;
}

export function RequestDetail({ n, onClose }) {
  const { data, error } = useLive(() => api.get(`requests/${n}`), [], [n]);
  const sandbox = useLive(() => api.get(""), [], []).data;
  const title = data ? html`<span class=${`badge ${tone(data)}`}>${data.status}</span> ${data.method} <span class="mono">${data.path}</span>` : `Request ${n}`;
  const base = data && (sandbox?.services[data.service]?.url ?? "");
  return html`<${Detail} title=${title} name=${n} onClose=${onClose}
      actions=${data && html`<${Copy} label="Copy as curl" small=${false} text=${() => asCurl(data, new URL(base).origin)} />`}>
    <${Loaded} data=${data} error=${error}>${(request) => html`
      <${NearMiss} text=${request.near_miss} nearest=${request.nearest} service=${request.service} />
      <${Facts} request=${request} />
      <${Violations} violations=${request.violations} />
      ${pairsOf(request.query).length > 0 && html`<section class="section"><header><h3>Query</h3></header><${Pairs} pairs=${pairsOf(request.query)} label="Query" /></section>`}
      <${Body} title="Request body" text=${request.request_body} type=${header(request.request_headers, "content-type")} truncated=${request.truncated} />
      <${Headers} title="Request headers" fields=${request.request_headers} />
      <${Body} title="Response body" text=${request.response_body} type=${header(request.response_headers, "content-type")} truncated=${request.truncated} />
      <${Headers} title="Response headers" fields=${request.response_headers} />`}<//>
  <//>`;
}

export function UnknownRequest({ entry, onClose }) {
  const title = html`<span class=${`badge ${tone(entry)}`}>${entry.status}</span> ${entry.method} <span class="mono">${entry.path}</span>`;
  return html`<${Detail} title=${title} name=${entry.n} onClose=${onClose}>
    <${NearMiss} text=${entry.near_miss} nearest=${entry.meant} service=${entry.service} />
    <dl class="kv"><dt>Service</dt><dd>${entry.service}</dd>${entry.at && html`<dt>Real time</dt><dd>${exact(entry.at)} UTC</dd>`}
      <dt>Credential</dt><dd>${entry.credential === "missing" ? "none was sent" : "not of any sandbox"}</dd>
      ${entry.operation && html`<dt>Operation</dt><dd>${entry.operation}</dd>`}
      ${entry.sandbox && html`<dt>Sandbox</dt><dd>its credential, in a wrong place, is that of ${entry.sandbox}</dd>`}</dl>
    <${Violations} violations=${entry.violations} />
    <${Body} title="Response body" text=${entry.response_excerpt} />
  <//>`;
}
