// Forms: labelled fields, times in UTC, and what the API says about them.

import {html, useState} from "../vendor/htm-preact.js";
import {Problem} from "./state.js";

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

/** Ask for an instant in UTC; an empty field is null. `shortcuts` are pairs of a label and an instant. */
export function InstantField({label, hint, value, onChange, shortcuts = [], ...attributes}) {
  return html`<${Field} label=${`${label} (UTC)`} hint=${hint}>${props => html`
    <input type="datetime-local" step="1" ...${attributes} ...${props} value=${local(value)}
      onInput=${event => onChange(event.target.value ? instant(event.target.value) : null)} />
    ${shortcuts.length > 0 && html`<span class="shortcuts">${shortcuts.map(([text, at]) => html`
      <button type="button" class="chip" key=${text} onClick=${() => onChange(at)}>${text}</button>`)}</span>`}
  `}<//>`;
}

/** Return an instant as a field for local times shows it: the UTC time without its zone. */
const local = iso => (iso ? iso.slice(0, 19) : "");

/** Return the instant of a field for local times. */
const instant = text => `${text.length === 16 ? `${text}:00` : text}Z`;

/** Return an instant `ms` later. */
export const later = (iso, ms) => new Date(Date.parse(iso) + ms).toISOString();

/** Return the next instant with this hour, at the earliest tomorrow. */
export function tomorrow(iso, hour) {
  const date = new Date(iso);
  date.setUTCDate(date.getUTCDate() + 1);
  date.setUTCHours(hour, 0, 0, 0);
  return date.toISOString();
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
  return html`<form class="form" aria-label=${label} onSubmit=${send}>
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
