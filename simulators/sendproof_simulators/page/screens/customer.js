// One customer: what they were due, what they got, and everything that happened, in order.

import { api } from "../api.js";
import { useLive } from "../live.js";
import { channelText, messagesOf, TYPES } from "../parts/campaign_facts.js";
import { Detail } from "../parts/detail.js";
import { capital, exact, longDay, phone, plural, second, time } from "../parts/format.js";
import { go, href } from "../parts/links.js";
import { Phone } from "../parts/phone.js";
import { useSandbox } from "../parts/sandbox.js";
import { Badge, Empty, Facts, Loaded, toneOf } from "../parts/state.js";
import { html, useState } from "../vendor/htm-preact.js";

const PARTS = ["customers", "messages", "webhooks", "campaigns", "triggers", "requests"];
/** Show the story of a customer. */
export function CustomerStory({id, onClose}) {
  const {data, error} = useLive(() => api.get(`customers/${encodeURIComponent(id)}`), PARTS, [id]);
  return html`<${Detail} title=${data?.name ? `${data.name} · ${id}` : id} name=${id} onClose=${onClose}
    actions=${html`<button type="button" class="small" onClick=${() => go("triggers", {customer: id})}>Record event</button>`}>
    <${Loaded} data=${data} error=${error}>${customer => html`
      <${Summary} customer=${customer} />
      <${Obligations} obligations=${customer.obligations} />
      <${Story} story=${customer.story} truncated=${customer.story_truncated} />
      <${Messages} messages=${customer.messages} />
      <${Attributes} attributes=${customer.attributes} />`}
    <//>
  <//>`;
}

function Summary({customer}) {
  const types = [...new Set(customer.consent.map(item => item.message))];
  return html`<${Facts} facts=${[
    ["Number", customer.phone ? html`<a href=${href("outbox", {customer: customer.customer})}>${phone(customer.number ?? customer.phone)}</a>
      ${customer.phone.replace(/^\+/, "") !== customer.number && html` <span class="faint">in the records: ${customer.phone}</span>`}` : "none"],
    ...(types.includes("email") ? [["E-mail", customer.email || "none"]] : []),
    ...types.map(type => [`Consent to ${messagesOf(type)}`, html`<${Consent} places=${customer.consent.filter(item => item.message === type)} />`]),
  ]} />`;
}

/** Show the consent to one type of messages, by channel where the channels differ. */
function Consent({places}) {
  const refusing = places.filter(item => !item.consents);
  if (!refusing.length) return html`<${Badge} tone="good">may get messages<//>`;
  const by = [...new Set(refusing.map(item => item.by))].join(", ");
  const where = refusing.length < places.length ? ` on ${refusing.map(item => `channel ${item.channel}`).join(", ")}` : "";
  return html`<${Badge} tone="bad">opted out<//> <span class="faint">by ${by}${where}</span>`;
}

/** Return why a customer gets nothing. What a web push notification goes to is a browser. */
function reasonText({reason, channel}, channels) {
  const isWebPush = channels.some(({id, message}) => id === channel && message === "web_push");
  return isWebPush && reason === "no_device" ? "no browser" : reason?.replace(/_/g, " ");
}

/** Show what the customer was due, campaign by campaign. */
function Obligations({obligations}) {
  const {channels} = useSandbox();
  return html`<section class="section"><header><h2>Due messages</h2></header>
    ${obligations.length === 0 && html`<p class="soft">No campaign or trigger has addressed this customer.</p>`}
    <ul class="plain">${obligations.map(item => html`<li class="due" key=${`${item.campaign} ${item.channel} ${item.due}`}>
      <span class="line"><${Badge} tone=${DUE_TONES[item.state]}>${DUE_WORDS[item.state] ?? item.state}<//>
        <a href=${href("campaigns", {}, item.campaign)}>${item.trigger ?? `Campaign ${item.campaign}`}</a>
        ${item.message && html`<a class="faint" href=${href("outbox", {}, item.provider, item.message)}>message</a>`}</span>
      <span class="faint">${[item.due && `due ${time(item.due)}`, `channel ${channelText(item.channel, channels)}`, reasonText(item, channels)].filter(Boolean).join(" · ")}</span>
      ${item.owed && item.text && html`<q>${item.text}</q>`}
    </li>`)}</ul>
  </section>`;
}

const KIND_TONES = {delivery: "wait", rejection: "bad", trigger: "wait", preference: "odd", optout: "odd"};
const DUE_WORDS = {none: "gets nothing", due: "not due yet", sent: "sent", delivered: "delivered", failed: "not delivered", missing: "missing"};
const DUE_TONES = {none: "plain", due: "wait", sent: "wait", delivered: "good", failed: "odd", missing: "bad"};

/** Show all entries in order, with a heading for each day. Kinds can be left out. */
function Story({story, truncated}) {
  const kinds = [...new Set(story.map(entry => entry.kind))];
  const [hidden, setHidden] = useState([]);
  const shown = story.filter(entry => !hidden.includes(entry.kind));
  const toggle = kind => setHidden(old => (old.includes(kind) ? old.filter(other => other !== kind) : [...old, kind]));
  return html`<section class="section story"><header><h2>Story</h2><span class="faint">${plural(story.length, "entry", "entries")}</span></header>
    ${kinds.length > 1 && html`<div class="line" role="group" aria-label="Kinds of entries">${kinds.map(kind => html`
      <button type="button" class="chip" key=${kind} aria-pressed=${!hidden.includes(kind)} onClick=${() => toggle(kind)}>${capital(kind)}</button>`)}</div>`}
    ${story.length === 0 && html`<${Empty} title="Nothing has happened yet">Entries appear as soon as a campaign, a trigger or a message concerns this customer.<//>`}
    <ol class="timeline">${shown.map((entry, index) => html`
      ${longDay(entry.at) !== longDay(shown[index - 1]?.at) && html`<li class="day" key=${`day ${entry.n} ${index}`}>${longDay(entry.at)}</li>`}
      <li key=${`${entry.n} ${index}`} class="entry ${entryTone(entry)}">
        <time datetime=${entry.at}>${second(entry.at)}</time>
        <span>${capitalised(entry.text)}</span>
        ${entry.kind === "request" && html`<a class="faint" href=${href("requests", {}, entry.n)}>${entry.n}</a>`}
      </li>`)}</ol>
    ${truncated && html`<p class="faint">The timeline continues; the history has all of it.</p>`}
  </section>`;
}

/** Return the tone of an entry: webhooks and delivery states are good or bad. */
function entryTone({kind, text}) {
  if (kind === "webhook") return /status 2\d\d/.test(text) ? "good" : "bad";
  return kind === "delivery_status" ? toneOf(/\w+$/.exec(text)?.[0]) : KIND_TONES[kind] ?? "plain";
}

const capitalised = text => text.charAt(0).toUpperCase() + text.slice(1);

const isSms = ({message_type: type}) => !TYPES[type];

function Messages({messages}) {
  if (!messages.length) return null;
  const open = message => go("outbox", {customer: message.customer}, message.provider, message.id);
  const oldestFirst = [...messages].sort((one, other) => one.n - other.n);
  return html`<section class="section"><header><h2>${oldestFirst.every(isSms) ? "On their phone" : "What they received"}</h2></header>
    <${Phone} name=${oldestFirst.at(-1).sender || oldestFirst.at(-1).provider} onOpen=${open}
      messages=${oldestFirst.map(message => ({...message, note: [TYPES[message.message_type], message.state].filter(Boolean).join(", ")}))} /></section>`;
}

function Attributes({attributes}) {
  return html`<details class="section"><summary>All ${plural(Object.keys(attributes).length, "attribute")} in Optimove</summary>
    <${Facts} facts=${Object.entries(attributes).map(([name, value]) => [name, value === null ? html`<span class="faint">no value</span>` : String(value)])} />
  </details>`;
}
