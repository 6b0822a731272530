// A phone that shows messages as their recipient sees them.

import { html, useEffect, useRef } from "../vendor/htm-preact.js";
import { longDay, minute, plural } from "./format.js";

const LINK = /(https?:\/\/\S+|\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,6}\/\S*)/gi;

/**
 * Show messages of one number, oldest first: `{id, at, text, sender, parts, state}`. The chosen one is marked and
 * scrolled into view; `onOpen(message)` chooses another.
 */
export function Phone({name, messages, chosen, onOpen, empty = "No message yet"}) {
  const screen = useRef(null);
  useEffect(() => {
    const bubble = screen.current.querySelector(".bubble.chosen") ?? screen.current.lastElementChild;
    if (bubble) screen.current.scrollTop = bubble.offsetTop - screen.current.offsetTop - 60;
  }, [chosen, messages.length]);
  return html`<figure class="phone">
    <figcaption><span class="avatar" aria-hidden="true">${initials(name)}</span><b>${name}</b></figcaption>
    <ol class="screen" ref=${screen} tabindex="0" aria-label="Messages on the phone">
      ${messages.length === 0 && html`<li class="nothing">${empty}</li>`}
      ${messages.map((message, index) => html`<${Message} key=${message.id} message=${message} onOpen=${onOpen}
        chosen=${message.id === chosen} newDay=${message.at && longDay(message.at) !== longDay(messages[index - 1]?.at)} />`)}
    </ol>
  </figure>`;
}

function Message({message, chosen, newDay, onOpen}) {
  const body = html`<span class="text">${linked(message.text)}</span>
    <span class="meta">${[message.at && minute(message.at), message.note].filter(Boolean).join(" · ")}</span>`;
  return html`<li>
    ${newDay && html`<span class="day">${longDay(message.at)}</span>`}
    ${onOpen && !chosen
      ? html`<button type="button" class="bubble" onClick=${() => onOpen(message)}>${body}</button>`
      : html`<div class="bubble ${chosen ? "chosen" : ""}" aria-current=${chosen ? "true" : undefined}>${body}</div>`}
  </li>`;
}

/** Return the text with its links marked as a phone marks them. They do not lead anywhere. */
function linked(text) {
  return String(text ?? "").split(LINK).map((part, index) => (index % 2 ? html`<span class="link">${part}</span>` : part));
}

function initials(name) {
  return String(name ?? "?").split(/\s+/).map(word => word[0]).join("").slice(0, 2).toUpperCase();
}

// The basic characters of GSM 03.38, and those that take two places.
const GSM = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà^{}\\[~\]|€]*$/;
const TWICE = /[\^{}\\[~\]|€]/g;

/** Return the encoding, length and number of parts of a text, to preview it before it is sent. */
export function partsOf(text) {
  const isGsm = GSM.test(text);
  const length = isGsm ? text.length + (text.match(TWICE) ?? []).length : text.length;
  const [single, several] = isGsm ? [160, 153] : [70, 67];
  return {encoding: isGsm ? "GSM" : "Unicode", length, parts: length <= single ? 1 : Math.ceil(length / several)};
}

/** Return "2 parts, Unicode, 91 characters". */
export function partsText(text) {
  const {encoding, length, parts} = partsOf(text);
  return `${plural(parts, "part")}, ${encoding}, ${plural(length, "character")}`;
}
