// The log of all requests to the simulated services.

import { api, control } from "../api.js";
import { Detail } from "../parts/detail.js";
import { count, exact, plural } from "../parts/format.js";
import { Close } from "../parts/icons.js";
import { setPath, setQuery } from "../parts/links.js";
import { Newer, usePages } from "../parts/pages.js";
import { RequestDetail, tone, UnknownRequest } from "../parts/request_detail.js";
import { Empty, Problem } from "../parts/state.js";
import { useNarrow } from "../parts/narrow.js";
import { VirtualList } from "../parts/virtual_list.js";
import { useCounts, useLive } from "../live.js";
import { html, useCallback, useEffect, useState } from "../vendor/htm-preact.js";

const FILTERS = ["service", "operation", "status", "method", "text", "problems"];
const CLASSES = [["", "All"], ["2xx", "2xx"], ["4xx", "4xx"], ["5xx", "5xx"]];
const TYPING_MS = 250;
// Filters by the value of this parameter show the requests that belong to no sandbox.
const UNKNOWN = "unknown";

function Flags({ entry }) {
  const texts = [
    entry.near_miss,
    !entry.near_miss && entry.violations?.length > 0 && `${entry.violations[0].where}: ${entry.violations[0].message}`,
    !entry.near_miss && !entry.violations?.length && !entry.fault && entry.error,
  ].filter(Boolean);
  return html`<span class="flags truncate">
    ${entry.refused && entry.status < 400 && html`<span class="badge warn">refused</span> `}
    ${entry.fault && html`<span class="badge bad">fault ${entry.fault}</span> `}
    ${texts.map((text) => html`<span class="miss" title=${text}>${text}</span>`)}</span>`;
}

function row(entry) {
  return html`<span class="cell time num">${exact(entry.at)}</span>
    <span class="cell"><span class=${`badge ${tone(entry)}`}>${entry.status}</span></span>
    <span class="cell method mono">${entry.method}</span>
    <span class="cell path truncate"><span class="mono" title=${entry.path}>${entry.path}</span><${Flags} entry=${entry} /></span>
    <span class="cell operation truncate" title=${entry.operation}><span class="faint">${entry.service}</span> ${entry.operation ?? ""}</span>
    <span class="cell ms num">${entry.ms === null || entry.ms === undefined ? "" : `${entry.ms < 10 ? entry.ms.toFixed(1) : Math.round(entry.ms)} ms`}</span>`;
}

function Search({ value }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => setQuery({ text: text || null }), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return html`<input type="search" class="search" data-search placeholder="Search path, body, client" aria-label="Search requests"
    value=${text} onInput=${(event) => setText(event.target.value)} />`;
}

function Filters({ params, total, unknown }) {
  const services = useLive(() => control.get("services"), [], []).data ?? {};
  const only = params.show === UNKNOWN;
  const filtered = only || FILTERS.some((name) => params[name]);
  return html`<div class="heading"><h1>Requests</h1><span class="faint num">${total === null || total === undefined ? "" : `${count(total)}${filtered ? " in all" : ""}`}</span>
    <div class="filters line"><span class="group" role="group" aria-label="Status">
      ${CLASSES.map(([value, words]) => html`<button type="button" aria-pressed=${!only && (params.status ?? "") === value}
        onClick=${() => setQuery({ status: value || null, show: null })}>${words}</button>`)}</span>
    <button type="button" aria-pressed=${!only && params.problems === "true"} title="Refused, against the contract, or not served as intended"
      onClick=${() => setQuery({ problems: params.problems === "true" ? null : "true", show: null })}>Problems</button>
    <button type="button" aria-pressed=${only} title="Without a known credential: they belong to no sandbox"
      onClick=${() => setQuery({ show: only ? null : UNKNOWN })}>No credential${unknown > 0 && html` <span class="badge bad">${count(unknown)}</span>`}</button>
    <label><span class="hidden-text">Service</span>
      <select value=${params.service ?? ""} onChange=${(event) => setQuery({ service: event.target.value || null })}>
        <option value="">All services</option>
        ${Object.keys(services).map((name) => html`<option value=${name} selected=${name === params.service}>${name}</option>`)}</select></label>
    ${params.operation && html`<button type="button" onClick=${() => setQuery({ operation: null })} title="Remove this filter">${params.operation} <${Close} /></button>`}</div>
    <span class="spacer"></span><${Search} value=${params.text ?? ""} /></div>`;
}

function View({ path, params }) {
  const counts = useCounts();
  const filters = Object.fromEntries(FILTERS.map((name) => [name, params[name]]));
  return html`<div class="screen"><${Filters} params=${params} total=${counts.requests} unknown=${counts.unauthenticated} />
    ${params.show === UNKNOWN ? html`<${Unknown} params=${params} opened=${path[0]} />`
      : html`<${Known} filters=${filters} opened=${path[0]} />`}</div>`;
}

function Known({ filters, opened }) {
  const pages = usePages((page) => api.get("requests", { ...filters, ...page }), ["requests"], [JSON.stringify(filters)]);
  const { items, error, loading, loadMore, onRange, total } = pages;
  const narrow = useNarrow();
  const number = opened === undefined ? null : Number(opened);
  const close = useCallback(() => setPath(), []);
  const filtered = Object.values(filters).some(Boolean);
  return html`<div class=${`split ${number === null ? "" : "open"}`}>
    <div class="list">
      <${Problem} error=${error} />
      ${items.length > 0 && html`<div class="list-head requests-row" aria-hidden="true">
        <span>Time</span><span>Status</span><span>Method</span><span>Path</span><span>Operation</span><span>Took</span></div>`}
      ${items.length > 0 ? html`<${Newer} pages=${pages} /><div class="requests-list"><${VirtualList} items=${items} count=${Math.max(items.length, filtered ? 0 : total ?? 0)} onRange=${onRange} keyOf=${(item) => item.n} row=${row}
          rowHeight=${narrow ? 60 : 32} selected=${items.findIndex((item) => item.n === number)} loadMore=${loadMore}
          onOpen=${(item) => setPath(item.n)} label=${`Requests, ${plural(total ?? items.length, "line")}`} /></div>`
        : !loading && !error && html`<${Empty} title=${filtered ? "No request matches" : "No requests yet"}>
            ${filtered ? "Remove a filter to see more." : "Point your bridge at the URLs on the overview; each of its calls appears here at once."}<//>`}
    </div>
    ${number !== null && html`<${RequestDetail} n=${number} onClose=${close} />`}
  </div>`;
}

/** Return a request without a known credential like those of a sandbox: it has a real time only, and was refused. */
function unknownEntry(item, index) {
  return { ...item, n: index, refused: true, near_miss: item.differs, at: item.real && new Date(item.real * 1000).toISOString() };
}

/** Requests without a known credential, newest first. They have no journal number. */
function Unknown({ params, opened }) {
  const { data, error } = useLive(() => control.get("unauthenticated-requests"), ["unauthenticated"], []);
  const narrow = useNarrow();
  const close = useCallback(() => setPath(), []);
  const all = (data?.requests ?? []).map((item, index) => unknownEntry(item, index)).reverse();
  const items = all.filter((item) => !params.service || item.service === params.service);
  const shown = opened === undefined ? null : all.find((item) => String(item.n) === opened);
  return html`<div class=${`split ${shown ? "open" : ""}`}>
    <div class="list"><${Problem} error=${error} />
      ${items.length > 0 ? html`<div class="requests-list"><${VirtualList} items=${items} keyOf=${(item) => item.n} row=${row}
          rowHeight=${narrow ? 60 : 32} selected=${items.indexOf(shown)} onOpen=${(item) => setPath(item.n)} label="Requests without a credential" /></div>`
        : data && html`<${Empty} title="Every request had a known credential">Requests with a missing or unknown credential belong to no sandbox, and appear here.<//>`}
    </div>
    ${shown && html`<${UnknownRequest} entry=${shown} onClose=${close} />`}
  </div>`;
}

export const screen = { route: "requests", title: "Requests", key: "r", count: "requests", View };
