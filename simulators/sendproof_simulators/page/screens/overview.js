// The first screen: what happens, what a bridge still has to do, and how to connect it.

import { api } from "../api.js";
import { typeText } from "../parts/campaign_facts.js";
import { Copy } from "../parts/copy.js";
import { count, exact, plural, time } from "../parts/format.js";
import { Check } from "../parts/icons.js";
import { href } from "../parts/links.js";
import { Plot } from "../parts/plot.js";
import { Badge, Problem } from "../parts/state.js";
import { useClock, useCounts, useLive } from "../live.js";
import { html } from "../vendor/htm-preact.js";

// Kinds of journal entries, as a plot shows them.
const SERIES = [
  { kind: "request", label: "Requests", stroke: "--plot-1" },
  { kind: "delivery", label: "Messages", stroke: "--plot-3" },
  { kind: "webhook", label: "Webhooks", stroke: "--plot-2" },
  { kind: "fault", label: "Faults", stroke: "--plot-4" },
];
const NOT_SECRET = /url|id$|name|host/i;

function Traffic() {
  const { data } = useLive(() => api.get("traffic"), ["requests", "messages", "webhooks"], []);
  const counts = useCounts();
  const series = SERIES.filter(({ kind }) => data?.kinds[kind]).map((item) => ({ ...item, values: data.kinds[item.kind] }));
  const summary = `${plural(counts.requests ?? 0, "request")}, ${plural(counts.messages ?? 0, "message")}, ${plural(counts.webhooks ?? 0, "webhook attempt")}`;
  return html`<section class="panel" aria-label="Traffic">
    <header><h2>Traffic over virtual time</h2><span class="faint">${summary}</span></header>
    <div class="body">${series.length ? html`<${Plot} at=${data.at} width=${data.width_ms} series=${series} summary=${summary} />`
      : html`<p class="soft">Nothing has happened yet.</p>`}</div></section>`;
}

function Step({ done, title, children }) {
  return html`<li class="item"><span class=${`mark ${done ? "done" : ""}`} aria-label=${done ? "done" : "open"}>${done && html`<${Check} />`}</span>
    <div class="item-main"><div>${title}</div>${children && html`<div class="soft">${children}</div>`}</div></li>`;
}

/** What a bridge has to do before a campaign can run, with what the simulators have seen of it. */
function SetUp({ sandbox, templates, listeners }) {
  const clock = useClock();
  const counts = useCounts();
  const channels = sandbox.channels.map((channel) => ({ ...channel, templates: templates[channel.id]?.length ?? 0 }));
  const without = channels.filter((channel) => channel.templates === 0);
  const parked = clock?.participants ?? [];
  return html`<section class="panel" aria-label="Set-up of the bridge"><header><h2>Set-up of your bridge</h2></header>
    <ul class="items">
      <${Step} done=${counts.requests > 0} title="It calls the services">${counts.requests > 0 ? html`<a href=${href("requests")}>${plural(counts.requests, "request")}</a>`
        : "Give it the URLs and credentials of this page."}${counts.unauthenticated > 0 && html` <a class="badge bad" href=${href("requests", { show: "unknown" })}>${count(counts.unauthenticated)} without a known credential</a>`}<//>
      <${Step} done=${listeners.length > 0} title="It registers listeners">${listeners.length ? listeners.map((listener) => html`<span class="badge">event ${listener.event_type}${listener.channel ? ` on ${listener.channel}` : ""}</span> `)
        : "RegisterEventListener of Optimove, for events 13 and 11."}<//>
      <${Step} done=${without.length === 0} title="It adds the templates to its channels">${channels.map((channel) => html`<span class=${`badge ${channel.templates ? "" : "warn"}`}>${channel.id} ${channel.provider} ${channel.kind ?? ""}${typeText(channel)}: ${channel.templates}</span> `)}<//>
      <${Step} done=${parked.length > 0} title="It takes part in virtual time">${parked.length ? parked.map((participant) => html`<span class=${`badge ${participant.parked ? "ok" : "info"}`}>${participant.name} ${participant.parked ? "parked" : "works"}</span> `)
        : "Optional. Without it, let time pass at a rate: no pause shows that it has finished."}<//>
      <${Step} done=${counts.campaigns + counts.triggers > 0} title="A campaign or trigger is there">
        <a href=${href("campaigns")}>${plural(counts.campaigns ?? 0, "campaign")}</a>, <a href=${href("triggers")}>${plural(counts.triggers ?? 0, "trigger")}</a><//>
    </ul></section>`;
}

function Connect({ sandbox }) {
  const environment = Object.entries(sandbox.services).flatMap(([name, { url, credentials }]) => [["url", url], ...Object.entries(credentials)]
    .map(([key, value]) => `${`${name}_${key}`.toUpperCase().replaceAll("-", "_")}=${value}`)).join("\n");
  return html`<section class="panel" aria-label="Services"><header><h2>Connect your bridge</h2><span class="spacer"></span>
      <${Copy} text=${environment} label="Copy all" what="URLs and credentials as environment variables" /></header>
    <ul class="items">${Object.entries(sandbox.services).map(([name, { url, credentials }]) => html`<li class="item"><div class="item-main">
        <div class="line"><strong>${name}</strong> <a href=${`docs/${name}${href("overview")}`}>documentation</a></div>
        <dl class="kv credentials"><dt>url</dt><dd><code>${url}</code> <${Copy} text=${url} what=${`URL of ${name}`} /></dd>
          ${Object.entries(credentials).map(([key, value]) => html`<dt>${key}</dt><dd><code>${value}</code>
            ${!NOT_SECRET.test(key) && html` <${Copy} text=${value} what=${`${key} of ${name}`} />`}</dd>`)}</dl>
      </div></li>`)}</ul></section>`;
}

function Problems() {
  const { data } = useLive(() => api.get("requests", { problems: true, limit: 5 }), ["requests"], []);
  const items = data?.items ?? [];
  return html`<section class="panel" aria-label="Newest problems"><header><h2>Newest problems</h2><span class="spacer"></span>
      ${items.length > 0 && html`<a href=${href("requests", { problems: true })}>All</a>`}</header>
    ${items.length === 0 ? html`<div class="body soft">Every request so far was served as intended.</div>` : html`<ul class="items">
      ${items.map((entry) => html`<li class="item"><div class="item-main">
        <a href=${href("requests", { problems: true }, entry.n)}><${Badge} tone=${entry.status >= 500 ? "bad" : "warn"}>${entry.status}<//> <span class="mono">${entry.method} ${entry.path}</span></a>
        <div class="soft">${entry.near_miss ?? entry.violations[0]?.message ?? (entry.fault ? `fault ${entry.fault}` : "refused")}</div></div>
        <span class="faint num">${time(entry.at)}</span></li>`)}</ul>`}</section>`;
}

function LastVerdict() {
  const { data } = useLive(() => api.get("verdict"), ["verdict"], []);
  const verdict = data?.verdict;
  return html`<section class="panel" aria-label="Findings"><header><h2>Findings so far</h2><span class="spacer"></span><a href=${href("findings")}>${verdict ? "Details" : "Judge now"}</a></header>
    <div class="body">${verdict ? html`<p class="line"><${Badge} state=${verdict.verdict} /> <span class="faint">judged at ${exact(data.computed_at)}</span></p><p>${verdict.summary}</p>`
      : html`<p class="soft">Not judged yet. The judge reads everything that was recorded so far.</p>`}</div></section>`;
}

function View() {
  const { data: sandbox, error } = useLive(() => api.get(""), ["account"], []);
  const { data: state } = useLive(() => api.get("state"), ["templates", "account", "requests"], []);
  return html`<div class="screen"><div class="heading"><h1>Overview</h1>${sandbox && html`<span class="faint">seed ${sandbox.seed}, customers in ${sandbox.country}</span>`}</div>
    <div class="scroll stack"><${Problem} error=${error} />
      <${Traffic} />
      <div class="grid">
        <div class="stack">${sandbox && state && html`<${SetUp} sandbox=${sandbox} templates=${state.channel_templates} listeners=${state.listeners} />`}<${LastVerdict} /><${Problems} /></div>
        ${sandbox && html`<${Connect} sandbox=${sandbox} />`}
      </div></div></div>`;
}

export const screen = { route: "overview", title: "Overview", key: "o", View };
