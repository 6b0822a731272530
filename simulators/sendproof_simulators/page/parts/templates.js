// Templates: those of a provider, those that the bridge has listed on a channel, and their texts for a customer.

import { api } from "../api.js";
import { useLive } from "../live.js";
import { TYPES } from "./campaign_facts.js";
import { href } from "./links.js";
import { partsText } from "./phone.js";
import { html } from "../vendor/htm-preact.js";

// {{FIRST_NAME}} of most providers, and %%|FIRST_NAME^{...}%% of Textlocal.
const PLACEHOLDER = /\{\{\s*([^}\s]+)\s*\}\}|%%\|([^^|%]+)[^%]*%%/g;

/** Return `{templates, listed}` of a channel: the provider's templates of its type of messages, and a test whether the channel lists one. */
export function useTemplates(channel) {
  const {data} = useLive(async () => {
    if (!channel) return null;
    const [templates, state] = await Promise.all([api.get(`providers/${channel.provider}/templates`), api.get("state")]);
    return {templates: templates.filter(template => typeOf(template) === typeOf(channel)), onChannel: state.channel_templates[channel.id] ?? []};
  }, ["templates", "requests"], [channel?.id]);
  const {templates = [], onChannel = []} = data ?? {};
  return {templates, isListed: template => isListed(template, onChannel), loaded: Boolean(data)};
}

/** Return true if the bridge has listed a template on a channel: with its id, or in the name. */
const isListed = ({id, title}, onChannel) =>
  onChannel.some(listed => String(listed.id) === String(id) || (listed.name ?? "").includes(title));

/** Return options for a choice of templates; those that the channel does not list say so. */
export const templateOptions = ({templates, isListed: listed}) =>
  templates.map(template => [template.title, listed(template) ? template.title : `${template.title} – not on the channel yet`]);

/** Return a template's text for a customer. Unknown placeholders stay, so that you see them. */
export function filledIn(body, attributes) {
  const values = Object.fromEntries(Object.entries(attributes ?? {}).map(([name, value]) => [name.toUpperCase(), value]));
  return body.replace(PLACEHOLDER, (all, plain, named) => values[(plain ?? named).toUpperCase()] ?? `{{${plain ?? named}}}`);
}

/** Return the message of a template to a customer as a recipient sees it, with a note about its length or type. */
export function filledMessage(template, attributes) {
  const text = filledIn(template.body, attributes);
  const type = typeOf(template);
  const heading = template.heading ? `${filledIn(template.heading, attributes)}\n` : "";
  return {text: heading + (type === "email" ? textOfHtml(text) : text), note: type === "sms" ? partsText(text) : TYPES[type]};
}

/** Return what a reader sees of HTML. The document is never shown, so nothing in it is loaded or run. */
const textOfHtml = source => new DOMParser().parseFromString(source, "text/html").body.textContent.replace(/\s+/g, " ").trim();

/** Return the type of the messages of a template or a channel. */
export const typeOf = ({message}) => message ?? "sms";

/** Return the name of the heading of a type of messages, or "" for SMS. */
export const headingName = type => (type === "sms" ? "" : type === "email" ? "Subject" : "Heading");

/** Return a template's text with short placeholders. */
export const readable = body => filledIn(body, {});

/** Say how a template gets on a channel. */
export function ListingHint({channel, templates}) {
  if (templates.length === 0) {
    return html`<p class="hint">${channel.provider} has no template yet. <a href=${href("campaigns", {}, "templates")}>Write one</a>; the
      bridge then lists it on channel ${channel.id}.</p>`;
  }
  return html`<p class="hint">Channel ${channel.id} lists no template yet. The bridge adds those of ${channel.provider} with
    AddChannelTemplates. It looks for new ones from time to time, so advance the clock.</p>`;
}
