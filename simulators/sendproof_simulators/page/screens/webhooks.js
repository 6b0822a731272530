// The webhooks of the services with all their attempts, and sending one again.

import { api, control } from "../api.js";
import { Body, Pairs } from "../parts/body.js";
import { Detail } from "../parts/detail.js";
import { count, exact, plural, time } from "../parts/format.js";
import { href, setPath, setQuery } from "../parts/links.js";
import { useNarrow } from "../parts/narrow.js";
import { Empty, Loaded, Problem } from "../parts/state.js";
import { attempt } from "../parts/toasts.js";
import { VirtualList } from "../parts/virtual_list.js";
import { touch, useCounts, useLive } from "../live.js";
import { html, useCallback, useMemo, useState } from "../vendor/htm-preact.js";

// First the newest of each service; all that are kept when you ask for more.
const FIRST = 200;
const MOST = 2000;

/** Return the outcome of a webhook as `[tone, words]`. */
export function outcome({ attempts }) {
  const last = attempts.at(-1);
  if (!last) return ["info", "sending"];
  if (last.status >= 200 && last.status < 300) return ["ok", "delivered"];
  if (last.retry_at) return ["warn", "retrying"];
  return ["bad", "failed"];
}

const resultText = (last) => (last.dropped ? "dropped by a fault" : last.error ?? `${last.status}`);

/** Return what a webhook is about in one line; the long id of a message comes last. */
function aboutText(about) {
  const facts = Object.entries(about).filter(([, value]) => typeof value !== "object" && value !== "");
  return facts.sort(([a], [b]) => (a === "message") - (b === "message")).map(([name, value]) => `${name} ${value}`).join(", ");
}

/** Sort webhooks by their newest attempt; those without one come first. */
function newestFirst(webhooks) {
  const instant = (webhook) => webhook.attempts.at(-1)?.at ?? "9";
  return webhooks.map((webhook, index) => [instant(webhook), index, webhook])
    .sort(([a, i], [b, j]) => (a < b ? 1 : a > b ? -1 : j - i)).map(([, , webhook]) => webhook);
}

function row(webhook) {
  const [tone, words] = outcome(webhook);
  const last = webhook.attempts.at(-1);
  return html`<span class="cell time num">${last ? exact(last.at) : "now"}</span>
    <span class="cell outcome"><span class=${`badge ${tone}`}>${words}</span></span>
    <span class="cell name truncate"><span class="faint">${webhook.service}</span> ${webhook.event}</span>
    <span class="cell about truncate" title=${aboutText(webhook.about)}>${aboutText(webhook.about)}</span>
    <span class="cell url truncate mono faint" title=${webhook.url}>${webhook.url}</span>
    <span class="cell attempts num right">${count(webhook.attempts.length)}</span>`;
}

function WebhookDetail({ service, name, onClose }) {
  const { data, error, reload } = useLive(async () => (await api.get("webhooks", { service, key: name }))[0] ?? null, ["webhooks"], [service, name]);
  const [busy, setBusy] = useState(false);
  const resend = async () => {
    setBusy(true);
    await attempt(() => api.post("webhooks/resend", { service, key: name }), "It is being sent again");
    setBusy(false);
    touch("webhooks");
    reload();
  };
  return html`<${Detail} title=${html`<span class="faint">${service}</span> <span class="mono">${name}</span>`} name=${`${service} ${name}`} onClose=${onClose}
      actions=${html`<button type="button" disabled=${busy || !data} onClick=${resend}>Send again</button>`}>
    <${Loaded} data=${data} error=${error}>${(webhook) => html`
      <dl class="kv"><dt>Event</dt><dd>${webhook.event} <a class="faint" href=${href("faults", { webhook: `${service}.${webhook.event}` }, "new")}>add a fault</a></dd><dt>To</dt><dd class="mono">${webhook.url}</dd></dl>
      <section class="section"><header><h3>Attempts</h3></header>
        ${webhook.attempts.length === 0 ? html`<p class="soft">The first one is under way.</p>` : html`<table class="table">
          <thead><tr><th>Time</th><th>Result</th><th>Next</th></tr></thead>
          <tbody>${webhook.attempts.map((item) => html`<tr><td class="num">${exact(item.at)}</td>
            <td><span class=${`badge ${item.status >= 200 && item.status < 300 ? "ok" : "bad"}`}>${item.status ?? "none"}</span>
              ${(item.error || item.dropped) && html` <span>${resultText(item)}</span>`}
              ${item.resend && html` <span class="faint">copy ${item.resend}</span>`}
              ${item.fault && html` <a class="badge bad" href=${href("faults")}>${item.fault}</a>`}</td>
            <td class="num">${item.retry_at ? time(item.retry_at) : ""}</td></tr>`)}</tbody></table>`}
      </section>
      <section class="section"><header><h3>About</h3></header><${Pairs} pairs=${Object.entries(webhook.about).map(([key, value]) =>
        [key, typeof value === "object" ? JSON.stringify(value) : value])} label="About" /></section>
      <${Body} title="Body" text=${webhook.body} type=${webhook.content_type} />`}<//>
    ${data === null && !error && html`<p class="faint">If it does not appear, it is no longer among the newest ${count(MOST)} of its service.</p>`}
  <//>`;
}

const STATES = [["", "All"], ["ok", "Delivered"], ["warn", "Retrying"], ["bad", "Failed"]];

function View({ path, params }) {
  const [most, setMost] = useState(FIRST);
  const counts = useCounts();
  const services = useLive(() => control.get("services"), [], []).data ?? {};
  const { service, event, state = "" } = params;
  const { data, error } = useLive(() => api.get("webhooks", { service, event, limit: most }), ["webhooks"], [service, event, most]);
  const narrow = useNarrow();
  const items = useMemo(() => newestFirst(data ?? []).filter((item) => !state || outcome(item)[0] === state), [data, state]);
  const close = useCallback(() => setPath(), []);
  const [openedService, name] = path;
  const events = service ? services[service]?.events ?? [] : [...new Set(Object.values(services).flatMap((item) => item.events))];
  const more = data && most < MOST && data.length >= FIRST;
  return html`<div class="screen">
    <div class="heading"><h1>Webhooks</h1><span class="faint num">${counts.webhooks ? plural(counts.webhooks, "attempt") : ""}</span>
      <div class="filters line"><span class="group" role="group" aria-label="State">${STATES.map(([value, words]) => html`<button type="button" aria-pressed=${state === value}
        onClick=${() => setQuery({ state: value || null })}>${words}</button>`)}</span>
      <label><span class="hidden-text">Service</span><select value=${service ?? ""} onChange=${(change) => setQuery({ service: change.target.value || null, event: null })}>
        <option value="">All services</option>${Object.entries(services).filter(([, item]) => item.events.length).map(([key]) => html`<option value=${key} selected=${key === service}>${key}</option>`)}</select></label>
      <label><span class="hidden-text">Event</span><select value=${event ?? ""} onChange=${(change) => setQuery({ event: change.target.value || null })}>
        <option value="">All events</option>${events.map((key) => html`<option value=${key} selected=${key === event}>${key}</option>`)}</select></label></div>
    </div>
    <div class=${`split ${name ? "open" : ""}`}>
      <div class="list"><${Problem} error=${error} />
        ${items.length > 0 ? html`
          <div class="list-head webhooks-row" aria-hidden="true"><span>Last attempt</span><span>State</span><span>Event</span><span>About</span><span>To</span><span class="right">Attempts</span></div>
          <div class="webhooks-list"><${VirtualList} items=${items} keyOf=${(item) => `${item.service} ${item.key}`} row=${row} rowHeight=${narrow ? 60 : 32}
            selected=${items.findIndex((item) => item.service === openedService && item.key === name)} loadMore=${() => more && setMost(MOST)}
            onOpen=${(item) => setPath(item.service, item.key)} label="Webhooks" /></div>`
          : data && html`<${Empty} title=${state || service || event ? "No webhook matches" : "No webhooks yet"}>
              ${state || service || event ? "Remove a filter to see more." : "A service sends one when something happens that your bridge listens to: a campaign, a receipt, a reply."}<//>`}
      </div>
      ${name && html`<${WebhookDetail} service=${openedService} name=${name} onClose=${close} />`}
    </div></div>`;
}

export const screen = { route: "webhooks", title: "Webhooks", key: "w", count: "webhooks", View };
