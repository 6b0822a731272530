// What Optimove's screens say about campaigns: words for states, events and metrics.

import { html } from "../vendor/htm-preact.js";
import { href } from "./links.js";
import { Badge } from "./state.js";
import { count, exact, share, span } from "./format.js";

const STATES = {
  planned: ["Scheduled", "wait", "Optimove has not announced it yet."],
  on_hold: ["On hold", "wait", "It waits until the bridge has named the customers who may get messages."],
  announced: ["Announced", "wait", "Optimove has announced it to its listeners."],
  cancelled: ["Cancelled", "bad", "No message may go out after the cancellation."],
  running: ["Running", "good", "Each customer who meets its criteria gets a message."],
  sending: ["In progress", "wait", "Some of its send times have passed."],
  executed: ["Executed", "good", "All its send times have passed."],
};

const EVENTS = {
  1: "Campaign processed", 4: "Campaign cancelled", 5: "Clearance asked for", 11: "Trigger fired", 13: "Campaign announced",
};

/** The words for types of messages, but for SMS: what has no type is one. */
export const TYPES = {push: "push notification", web_push: "web push notification", inbox: "inbox message", email: "e-mail"};

/** Return the word for messages of a type, SMS included. */
export const messagesOf = type => (TYPES[type] ? `${TYPES[type]}s` : "SMS");

/** Show the state of a campaign in Optimove's words, at the time `now`. */
export function CampaignState({campaign, now}) {
  const state = stateAt(campaign, now);
  const [word, tone, title] = STATES[state] ?? [state, "plain", ""];
  return html`<${Badge} tone=${tone} title=${title}>${word}<//>`;
}

/** Return the state, in which an announced campaign goes on with its send times. */
function stateAt({state, scheduled_times: times}, now) {
  if (state !== "announced" || !now || !times.length || now < times[0]) return state;
  return now < times.at(-1) ? "sending" : "executed";
}

/** Return the meaning of an event of Optimove. */
export const eventName = event => (EVENTS[event] ? `${EVENTS[event]} (event ${event})` : `Event ${event}`);

/** Return the criteria of a trigger as text: "3 × page_visit with page = /offers within 2 h". */
export const criteriaText = criteria => criteria.map(({event, count: times, within_ms: within, where}) => {
  const parameters = Object.entries(where ?? {}).map(([name, value]) => `${name} = ${value}`).join(" and ");
  return `${times ?? 1} × ${event}` + (parameters ? ` with ${parameters}` : "") + (within ? ` within ${span(within)}` : "");
}).join(", and ");

/** Return a channel as text, with its type if that is not SMS: "505 · textlocal", "506 · xtremepush · inbox message". */
export const channelText = (id, channels) => {
  const channel = channels.find(item => item.id === id);
  return channel ? `${id} · ${channel.provider}${typeText(channel)}` : String(id);
};

/** Return the type of a channel as the end of a text; empty for SMS. */
export const typeText = ({message}) => (TYPES[message] ? ` · ${TYPES[message]}` : "");

/** Show how many messages were reported as delivered, with their share of those sent. */
export function Delivered({metrics}) {
  const {sent, delivered} = metrics;
  if (sent === undefined) return html`<span class="soft">no report yet</span>`;
  return html`<span class="delivered">
    <meter min="0" max=${sent || 1} value=${delivered ?? 0} aria-hidden="true"></meter>
    <span>${count(delivered ?? 0)} <span class="soft">${share(delivered ?? 0, sent)}</span></span>
  </span>`;
}

/** Link to the story of a customer. */
export const CustomerLink = ({customer}) => (customer ? html`<a href=${href("customers", {}, customer)}>${customer}</a>` : "–");

/** Return whether a webhook was acknowledged: acknowledged, retrying, failed or open. */
export function outcomeOf({attempts}) {
  const last = attempts.at(-1);
  if (!last) return "open";
  if (last.status >= 200 && last.status < 300) return "acknowledged";
  return last.retry_at ? "retrying" : "failed";
}

const OUTCOME_TONES = {acknowledged: "good", retrying: "wait", failed: "bad", open: "wait"};

/** Show whether the bridge acknowledged a webhook. */
export function Acknowledged({webhook}) {
  const outcome = outcomeOf(webhook);
  return html`<${Badge} state=${outcome} tone=${OUTCOME_TONES[outcome]} />`;
}

/** List the attempts of a webhook with the response to each. */
export function Attempts({attempts}) {
  if (!attempts.length) return html`<span class="soft">not sent yet</span>`;
  return html`<ol class="attempts">${attempts.map(attempt => html`<li key=${attempt.attempt}>
    <time>${exact(attempt.at)}</time> ${attempt.error ?? `status ${attempt.status}`}
    ${attempt.retry_at && html` <span class="soft">again at ${exact(attempt.retry_at)}</span>`}
  </li>`)}</ol>`;
}
