// The outbox: every message that a provider accepted, and the phone that got it.

import { api } from "../api.js";
import { useLive } from "../live.js";
import { Attempts, outcomeOf, TYPES } from "../parts/campaign_facts.js";
import { Detail } from "../parts/detail.js";
import { count, day, exact, minute, phone, plural } from "../parts/format.js";
import { Close } from "../parts/icons.js";
import { href, setPath, setQuery } from "../parts/links.js";
import { Newer, usePages } from "../parts/pages.js";
import { Phone } from "../parts/phone.js";
import { Screen } from "../parts/screen.js";
import { Badge, Empty, Facts, Loaded, Problem, toneOf } from "../parts/state.js";
import { VirtualList } from "../parts/virtual_list.js";
import { html, useCallback, useMemo, useState } from "../vendor/htm-preact.js";

const FILTERS = ["provider", "campaign", "customer", "number", "state", "text"];
const STATES = ["", "pending", "delivered", "undelivered", "expired", "invalid", "rejected", "unknown", "scheduled", "cancelled", "test"];
const PARTS = ["messages", "webhooks"];

function View({path, params}) {
  const [provider, id] = path;
  const query = useMemo(() => Object.fromEntries(FILTERS.map(name => [name, params[name]])), FILTERS.map(name => params[name]));
  const pages = usePages(page => api.get("messages", {...query, ...page}), PARTS, [query]);
  const selected = pages.items.findIndex(message => message.id === id && message.provider === provider);
  const close = useCallback(() => setPath(), []);
  return html`<${Screen} title="Outbox" filters=${html`<${Filters} params=${params} />`}
    actions=${html`<span class="faint" aria-live="polite">${amountText(pages)}</span>`}>
    <div class="split ${id ? "open" : ""}">
      <div class="list">
        <${Problem} error=${pages.error} /><${Newer} pages=${pages} />
        ${pages.items.length
          ? html`<${VirtualList} id="messages" label="Messages, newest first" items=${pages.items} keyOf=${message => message.n} rowHeight=${58}
              row=${message => html`<${Row} message=${message} />`} selected=${selected} loadMore=${pages.loadMore} onRange=${pages.onRange}
              onOpen=${message => setPath(message.provider, message.id)} />`
          : pages.loading ? html`<p class="loading" role="status">Loading…</p>` : html`<${Nothing} query=${query} />`}
      </div>
      ${id && html`<${MessageDetail} key=${`${provider} ${id}`} provider=${provider} id=${id} onClose=${close} />`}
    </div>
  <//>`;
}

export const screen = {route: "outbox", title: "Outbox", key: "m", count: "messages", View};

/** Return the number of messages; with filters it is not known before the list was read to its end. */
function amountText({total, items, hasMore}) {
  if (total !== null) return plural(total, "message");
  return hasMore ? `more than ${plural(items.length, "message")}` : plural(items.length, "message");
}

function Filters({params}) {
  const [text, setText] = useState(params.text ?? "");
  const others = FILTERS.filter(name => name !== "text" && params[name]);
  return html`
    <input type="search" class="search" data-search aria-label="Search in texts and addresses" placeholder="Text or address" value=${text}
      onInput=${event => { setText(event.target.value); setQuery(searched(event.target.value)); }} />
    <select aria-label="State" value=${params.state ?? ""} onChange=${event => setQuery({state: event.target.value || null})}>
      ${STATES.map(state => html`
        <option key=${state} value=${state} selected=${state === (params.state ?? "")}>${state || "any state"}</option>`)}
    </select>
    ${others.filter(name => name !== "state" && !(name === "number" && params.number === text)).map(name => html`
      <button type="button" class="chip" key=${name} title="Remove this filter" onClick=${() => setQuery({[name]: null})}>
        ${name} ${params[name]} <${Close} /></button>`)}`;
}

/** Return the filter for what was typed: digits, an id and an address search addresses, anything else the texts. */
function searched(text) {
  const isNumber = /^\+?[\d\s]{4,}$/.test(text.trim());
  const isAddress = isNumber || /^(C\d{4,7}|\S+@\S+)$/.test(text.trim());
  const number = isNumber ? text.replace(/\D/g, "") : text.trim();
  return {number: isAddress ? number : null, text: isAddress || !text ? null : text};
}

function Nothing({query}) {
  if (Object.values(query).some(Boolean)) return html`<${Empty} title="No message matches">Remove a filter to see more.<//>`;
  return html`<${Empty} title="No message yet">Messages appear here as soon as a provider accepts them.${" "}
    <a href=${href("campaigns", {}, "new")}>Schedule a campaign</a>.<//>`;
}

function Row({message}) {
  const {number, customer, heading, text, state, at, campaign} = message;
  return html`<span class="dot ${toneOf(state)}" aria-hidden="true"></span>
    <span class="message"><span class="who"><b>${phone(number)}</b>${customer && customer !== number && html` <span class="faint">${customer}</span>`}</span>
      <span class="truncate">${text.replace("\n", heading ? " · " : " ")}</span></span>
    <span class="state ${toneOf(state)}">${state ?? ""}</span>
    <span class="aside"><time>${day(at)} ${minute(at)}</time>
      <span class="faint">${[campaign && `campaign ${campaign}`, note(message)].filter(Boolean).join(" · ")}</span></span>`;
}

function MessageDetail({provider, id, onClose}) {
  const {data, error} = useLive(() => loadMessage(provider, id), PARTS, [provider, id]);
  return html`<${Detail} title=${data ? phone(data.message.number) : "Message"} name=${`${provider} ${id}`} onClose=${onClose}
    actions=${data?.message.state && html`<${Badge} state=${data.message.state} />`}>
    <${Loaded} data=${data} error=${error}>${({message, thread}) => html`
      <${Phone} name=${message.sender || provider} chosen=${message.id} messages=${thread.map(bubble)}
        onOpen=${other => setPath(other.provider, other.id)} />
      <${MessageFacts} message=${message} />
      <${Deliveries} message=${message} />`}
    <//>
  <//>`;
}

async function loadMessage(provider, id) {
  const message = await api.get(`messages/${provider}/${encodeURIComponent(id)}`);
  const {items} = await api.get("messages", {number: message.number, limit: 50});
  const thread = items.filter(other => other.number === message.number).reverse();
  return {message, thread: thread.some(other => other.id === id) ? thread : [message, ...thread]};
}

const bubble = message => ({...message, note: note(message)});

/** Return the type of a message that is no SMS, or the number of parts of a long one. */
function note({message_type: type, parts}) {
  if (type !== "sms") return TYPES[type] ?? type;
  return parts > 1 ? `${parts} parts` : "";
}

/** Return what a message consists of: parts of an SMS, the devices of a push notification, or its type alone. */
function sizeOf({message_type: type, parts, encoding}) {
  if (type === "sms") return ["Length", `${plural(parts, "part")}, ${encoding === "ucs2" ? "Unicode (UCS-2)" : "GSM alphabet"}`];
  if (type === "push") return ["Devices", count(parts)];
  return type === "web_push" ? ["Browsers", count(parts)] : ["", null];
}

function MessageFacts({message}) {
  const {customer, campaign, channel, provider, id, number, heading, sender, test_number: outcome, request, n} = message;
  const type = message.message_type;
  return html`<${Facts} facts=${[
    ["Customer", customer && html`<a href=${href("customers", {}, customer)}>${customer}, the whole story</a>`],
    ["Campaign", campaign && html`<a href=${href("campaigns", {}, campaign)}>${campaign}</a>${channel ? ` on channel ${channel}` : ""}`],
    ["Sender", sender],
    ["Type", TYPES[type]],
    ["Address", type === "email" ? number : null],
    [type === "email" ? "Subject" : "Title", heading],
    sizeOf(message),
    [type === "sms" ? "Test number" : "Outcome", outcome],
    ["Sent with", request && html`<a href=${href("requests", {}, request)}>request ${count(request)}</a>`],
    ["Id", html`<code>${id}</code> at ${provider}, journal ${count(n)}`],
  ]} />`;
}

/** Show the states of a message, and the receipts that the provider sent about them. */
function Deliveries({message}) {
  const {states, receipts, at} = message;
  return html`<section class="section"><header><h2>Delivery</h2></header>
    <ol class="trail"><li class="done"><span>Accepted</span><time>${exact(at)}</time></li>
      ${states.map(state => html`<li key=${state.at + state.state} class="done ${toneOf(state.state)}"><span>${state.state}</span><time>${exact(state.at)}</time></li>`)}</ol>
    <header><h2>Receipts to the bridge</h2></header>
    ${receipts.length === 0 && html`<p class="soft">None so far. The bridge gets them at the receipt URL that it named, or reads the state itself.</p>`}
    ${receipts.map(receipt => html`<div class="receipt" key=${receipt.key}>
      <p class="line"><${Badge} tone=${outcomeOf(receipt) === "acknowledged" ? "good" : "bad"}>${outcomeOf(receipt)}<//>
        <a class="faint" href=${href("webhooks", {}, message.provider, receipt.key)}>${receipt.key}</a></p>
      <${Attempts} attempts=${receipt.attempts} /></div>`)}
  </section>`;
}
