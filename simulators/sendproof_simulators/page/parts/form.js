// Forms: labelled fields, times in UTC, and what the API says about them.

import { html, useState } from "../vendor/htm-preact.js";
import { readAdvance } from "./duration.js";
import { distance, time } from "./format.js";
import { Problem } from "./state.js";

let fields = 0;

/** Label one control. `children(props)` draws it with the properties that connect it to label and hint. */
export function Field({label, hint, wide = false, children}) {
  const [id] = useState(() => `field-${(fields += 1)}`);
  const hintId = hint ? `${id}-hint` : undefined;
  return html`<div class="field ${wide ? "wide" : ""}">
    <label for=${id}>${label}</label>
    ${children({id, "aria-describedby": hintId})}
    ${hint && html`<small id=${hintId}>${hint}</small>`}
  </div>`;
}

/** Ask for a text. `options` are suggestions. */
export function TextField({label, hint, wide, value, onChange, options, ...attributes}) {
  return html`<${Field} label=${label} hint=${hint} wide=${wide}>${props => html`
    <input type="text" ...${attributes} ...${props} value=${value} list=${options && `${props.id}-options`}
      onInput=${event => onChange(event.target.value)} />
    ${options && html`<datalist id=${`${props.id}-options`}>${options.map(option => html`<option value=${option} />`)}</datalist>`}
  `}<//>`;
}

/** Ask for several lines of text. */
export function AreaField({label, hint, value, onChange, ...attributes}) {
  return html`<${Field} label=${label} hint=${hint} wide>${props => html`
    <textarea rows="4" ...${attributes} ...${props} value=${value} onInput=${event => onChange(event.target.value)} />
  `}<//>`;
}

/** Ask for a number; an empty field is null. */
export function NumberField({label, hint, value, onChange, ...attributes}) {
  return html`<${Field} label=${label} hint=${hint}>${props => html`
    <input type="number" inputmode="decimal" ...${attributes} ...${props} value=${value ?? ""}
      onInput=${event => onChange(event.target.value === "" ? null : Number(event.target.value))} />
  `}<//>`;
}

/** Ask for one of several options: values, or pairs of a value and its label. */
export function SelectField({label, hint, wide, value, onChange, options, placeholder, ...attributes}) {
  return html`<${Field} label=${label} hint=${hint} wide=${wide}>${props => html`
    <select ...${attributes} ...${props} value=${value ?? ""} onChange=${event => onChange(event.target.value)}>
      ${placeholder && html`<option value="" disabled selected=${!value}>${placeholder}</option>`}
      ${options.map(option => {
        const [content, text] = Array.isArray(option) ? option : [option, option];
        return html`<option key=${content} value=${content} selected=${String(content) === String(value)}>${text}</option>`;
      })}
    </select>`}<//>`;
}

/** Ask for yes or no. */
export function CheckField({label, hint, value, onChange}) {
  const [id] = useState(() => `field-${(fields += 1)}`);
  return html`<div class="field check">
    <input type="checkbox" id=${id} checked=${value} onChange=${event => onChange(event.target.checked)} />
    <label for=${id}>${label}</label>${hint && html`<small>${hint}</small>`}
  </div>`;
}

/** Return the instant of a text such as `2026-03-03 09:00` or `+2h`, as the commands read it; null for other texts. */
export function instantOf(text, now) {
  const {by_ms: by, to} = readAdvance(text.trim().replace(/^\+/, "")) ?? {};
  return by === undefined ? to ?? null : later(now, by);
}

/**
 * Ask for an instant in UTC, such as `2026-03-03 09:00` or `+2h` from `now`. An empty field is null, a wrong one is
 * refused. `shortcuts` are pairs of a label and the text that a click on it enters.
 */
export function InstantField({label, hint, value, now, onChange, shortcuts = [], ...attributes}) {
  const [text, setText] = useState(shortOf(value));
  const isWrong = text.trim() !== "" && !instantOf(text, now);
  const enter = typed => {
    setText(typed);
    onChange(typed.trim() ? instantOf(typed, now) : null);
  };
  const resolved = value && !isWrong ? `${time(value)}, ${distance(value, now)}` : "";
  return html`<${Field} label=${`${label} (UTC)`} hint=${isWrong ? "Expected a time such as 2026-03-03 09:00 or +2h." : resolved || hint}>${props => html`
    <input type="text" placeholder="2026-03-03 09:00 or +2h" ...${attributes} ...${props} value=${text} aria-invalid=${isWrong}
      ref=${input => input?.setCustomValidity(isWrong ? "Expected a time such as 2026-03-03 09:00 or +2h" : "")}
      onInput=${event => enter(event.target.value)} />
    ${shortcuts.length > 0 && html`<span class="shortcuts">${shortcuts.map(([name, typed]) => html`
      <button type="button" class="chip" key=${name} onClick=${() => enter(typed)}>${name}</button>`)}</span>`}
  `}<//>`;
}

/** Return an instant as it is typed: `2026-03-03 09:00`. */
export const shortOf = iso => (iso ? iso.slice(0, 19).replace("T", " ").replace(/:00$/, "") : "");

/** Return an instant `ms` later. */
export const later = (iso, ms) => new Date(Date.parse(iso) + ms).toISOString();

/** Return this hour of tomorrow as it is typed. */
export function tomorrow(iso, hour) {
  const date = new Date(iso);
  date.setUTCDate(date.getUTCDate() + 1);
  date.setUTCHours(hour, 0, 0, 0);
  return shortOf(date.toISOString());
}

/**
 * Show fields with a button that sends them. `onSubmit()` returns a promise; its failure is shown above the button.
 */
export function Form({label, submit, onSubmit, onCancel, children}) {
  const [state, setState] = useState({busy: false, error: null});
  const send = async event => {
    event.preventDefault();
    setState({busy: true, error: null});
    try {
      await onSubmit();
      setState({busy: false, error: null});
    } catch (error) {
      setState({busy: false, error});
    }
  };
  // The error is about the values that were sent.
  const forget = () => state.error && setState({busy: false, error: null});
  return html`<form class="form" aria-label=${label} onSubmit=${send} onInput=${forget}>
    ${children}
    <${Problem} error=${state.error} />
    <div class="actions">
      <button type="submit" class="primary" disabled=${state.busy}>${state.busy ? "Working…" : submit}</button>
      ${onCancel && html`<button type="button" onClick=${onCancel}>Cancel</button>`}
    </div>
  </form>`;
}

/** Edit rows of equal form. `row(item, change, index)` draws one; `blank()` returns a new one. */
export function Rows({label, items, onChange, blank, row, add, least = 1}) {
  const replace = (index, fields) => onChange(items.map((item, place) => (place === index ? {...item, ...fields} : item)));
  return html`<fieldset class="rows-editor">
    <legend>${label}</legend>
    ${items.map((item, index) => html`<div class="editor-row" key=${index}>
      ${row(item, changed => replace(index, changed), index)}
      ${items.length > least && html`<button type="button" class="quiet remove" aria-label=${`Remove ${add} ${index + 1}`}
        onClick=${() => onChange(items.filter((_, place) => place !== index))}>×</button>`}
    </div>`)}
    <button type="button" class="quiet" onClick=${() => onChange([...items, blank()])}>+ Add ${add}</button>
  </fieldset>`;
}
