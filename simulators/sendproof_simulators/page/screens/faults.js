// The active faults of the sandbox, and a form for a new one.

import { api, control } from "../api.js";
import { Detail } from "../parts/detail.js";
import { durationText, readDuration } from "../parts/duration.js";
import { CheckField, Form, NumberField, Rows, SelectField, TextField } from "../parts/form.js";
import { count, plural } from "../parts/format.js";
import { href, setPath } from "../parts/links.js";
import { Empty, Loaded, Problem } from "../parts/state.js";
import { attempt } from "../parts/toasts.js";
import { useKey } from "../parts/shortcuts.js";
import { touch, useLive } from "../live.js";
import { html, useCallback, useState } from "../vendor/htm-preact.js";

const POSITION = ["id", "fault", "call", "webhook", "where", "nth", "times", "when", "injected"];
const VIRTUAL = "virtual milliseconds";

/** Return the schema of a setting without the alternative that allows null. */
const schemaOf = (field) => (field.anyOf ? { ...field.anyOf[0], default: field.default, optional: true } : field);

/** Return where a fault acts, in words. */
export function positionText({ nth, times, when, where }) {
  const matching = Object.entries(where).map(([name, value]) => `${name} = ${value}`).join(", ");
  const many = times === "all" ? `all from the ${ordinal(nth)} on` : times === 1 ? `the ${ordinal(nth)}` : `${count(times)} from the ${ordinal(nth)} on`;
  return `${many}${matching ? ` with ${matching}` : ""}, ${when} its effect`;
}

const ordinal = (n) => `${count(n)}${{ 1: "st", 2: "nd", 3: "rd" }[n % 100 > 10 && n % 100 < 14 ? 0 : n % 10] ?? "th"}`;

function settingsText(fault) {
  return Object.entries(fault).filter(([name, value]) => !POSITION.includes(name) && value !== null && value !== "")
    .map(([name, value]) => `${name} ${value}`).join(", ");
}

function ActiveFault({ fault, summary }) {
  const remove = () => attempt(() => api.delete(`faults/${encodeURIComponent(fault.id)}`), "The fault is removed").then(() => touch("faults"));
  const [service, operation] = (fault.call ?? fault.webhook).split(/\.(.*)/s);
  return html`<li class="item"><div class="item-main">
      <div class="line"><strong>${fault.fault}</strong> <span class="soft">${fault.call ? "in the call" : "in the webhook"}</span>
        <a class="mono" href=${fault.call ? href("requests", { service, operation }) : href("webhooks", { service, event: operation })}>${fault.call ?? fault.webhook}</a></div>
      <div class="soft">${positionText(fault)}${settingsText(fault) && html` <span class="faint">(${settingsText(fault)})</span>`}</div>
      ${summary && html`<div class="faint">${summary}</div>`}
    </div>
    <span class=${`badge ${fault.injected ? "bad" : ""}`}>${fault.injected ? `injected ${plural(fault.injected, "time")}` : "waiting"}</span>
    <button type="button" class="small" onClick=${remove} aria-label=${`Remove the fault ${fault.id}`}>Remove</button></li>`;
}

function Setting({ name, field, value, onChange }) {
  const schema = schemaOf(field);
  const words = name.replaceAll("_", " ");
  if (schema["x-unit"] === VIRTUAL) {
    return html`<${TextField} label=${words} hint=${`${schema.description}, such as 30 min or 1d 2h`} value=${value ?? durationText(schema.default)}
      onChange=${onChange} aria-invalid=${value !== undefined && readDuration(value) === null} />`;
  }
  if (schema.type === "integer" || schema.type === "number") {
    return html`<${NumberField} label=${words} hint=${schema.description} value=${value === undefined ? schema.default : value}
      min=${schema.minimum ?? schema.exclusiveMinimum} max=${schema.maximum} step=${schema.type === "integer" ? 1 : "any"} onChange=${onChange} />`;
  }
  if (schema.type === "boolean") return html`<${CheckField} label=${words} hint=${schema.description} value=${value ?? schema.default} onChange=${onChange} />`;
  return html`<${TextField} label=${words} hint=${schema.description} value=${value ?? schema.default ?? ""} onChange=${onChange} />`;
}

/** Return the settings of a fault as the control API takes them; unchanged ones are left out. */
function settingsJson(fields, values) {
  return Object.fromEntries(Object.entries(values).filter(([name, value]) => name in fields && value !== null)
    .map(([name, value]) => [name, schemaOf(fields[name])["x-unit"] === VIRTUAL ? readDuration(value) : value]));
}

function NewFault({ kinds, services, params, onClose }) {
  const [name, setName] = useState(params.webhook ? "drop_webhook" : "status");
  const [on, setOn] = useState(null);
  const [target, setTarget] = useState(params.call ?? params.webhook ?? "");
  const [position, setPosition] = useState({ nth: 1, times: 1, all: false, when: null, where: [] });
  const [values, setValues] = useState({});
  const kind = kinds.find(({ fault }) => fault === name);
  const side = kind.on.includes(on) ? on : kind.on[0];
  const targets = Object.entries(services).flatMap(([service, item]) =>
    (side === "call" ? item.operations : item.events).map((member) => `${service}.${member}`));
  const change = (changes) => setPosition({ ...position, ...changes });
  const submit = async () => {
    const where = Object.fromEntries(position.where.filter(({ field }) => field).map(({ field, value }) => [field, value]));
    const fault = {
      fault: name, [side]: target, nth: position.nth ?? 1, times: position.all ? "all" : position.times ?? 1,
      ...(Object.keys(where).length ? { where } : {}), ...(position.when && kind.when.includes(position.when) ? { when: position.when } : {}),
      ...settingsJson(kind.fields, values),
    };
    await api.post("faults", [fault]);
    touch("faults");
    onClose();
  };
  const choose = (fault) => { setName(fault); setValues({}); };
  return html`<${Form} label="New fault" submit="Add fault" onSubmit=${submit} onCancel=${onClose}>
    <${SelectField} label="Fault" value=${name} onChange=${choose} options=${kinds.map(({ fault }) => fault)} hint=${kind.summary} wide />
    ${kind.on.length > 1 && html`<${SelectField} label="In" value=${side} onChange=${(value) => { setOn(value); setTarget(""); }} options=${[["call", "a call of the bridge"], ["webhook", "a webhook to the bridge"]]} />`}
    <${TextField} label=${side === "call" ? "Call" : "Webhook"} value=${target} onChange=${setTarget} options=${targets} required wide
      placeholder=${side === "call" ? "textlocal.bulk_json" : "textlocal.receipt"} hint="Type a part of its name" />
    <div class="fields">
      <${NumberField} label="From number" hint="The first affected one" min="1" value=${position.nth} onChange=${(nth) => change({ nth })} />
      ${!position.all && html`<${NumberField} label="How many" hint="In a row" min="1" value=${position.times} onChange=${(times) => change({ times })} />`}
      <${CheckField} label="All that follow" value=${position.all} onChange=${(all) => change({ all })} />
    </div>
    ${kind.when.length > 1 && html`<${SelectField} label="When" value=${position.when ?? kind.when[0]} onChange=${(when) => change({ when })}
      options=${[["before", "before its effect"], ["after", "after its effect: the service has done its work"]].filter(([value]) => kind.when.includes(value))} />`}
    ${Object.entries(kind.fields).map(([key, field]) => html`<${Setting} key=${`${name} ${key}`} name=${key} field=${field} value=${values[key]}
      onChange=${(value) => setValues({ ...values, [key]: value })} />`)}
    <${Rows} label="Only if" items=${position.where} onChange=${(where) => change({ where })} blank=${() => ({ field: "", value: "" })} add="condition" least=${0}
      row=${(item, changed) => html`
        <input aria-label="Parameter or member of the body" placeholder="CampaignID" value=${item.field} onInput=${(event) => changed({ field: event.target.value })} />
        <input aria-label="Value" placeholder="7001" value=${item.value} onInput=${(event) => changed({ value: event.target.value })} />`} />
  <//>`;
}

function View({ path, params }) {
  const { data, error } = useLive(() => api.get("faults"), ["faults"], []);
  const catalogue = useLive(() => control.get("faults"), [], []).data;
  const services = useLive(() => control.get("services"), [], []).data;
  const close = useCallback(() => setPath(), []);
  const open = path[0] === "new";
  useKey("+", "Add a fault", () => setPath("new"));
  const clear = () => attempt(() => api.delete("faults"), "All faults are removed").then(() => touch("faults"));
  const summaryOf = (name) => catalogue?.find(({ fault }) => fault === name)?.summary;
  return html`<div class="screen">
    <div class="heading"><h1>Faults</h1>${data && html`<span class="faint">${plural(data.length, "active fault")}</span>`}<span class="spacer"></span>
      ${data?.length > 0 && html`<button type="button" onClick=${clear}>Remove all</button>`}
      <button type="button" class="primary" onClick=${() => setPath("new")} title="Add a fault (+)">Add fault</button></div>
    <div class=${`split ${open ? "open" : ""}`}><div class="list"><div class="scroll">
      <${Problem} error=${error} />
      ${data?.length === 0 && html`<${Empty} title="No fault is active">Let a service fail, respond late or not at all, and see whether your bridge copes. Injected faults stay in the history.<//>`}
      ${data?.length > 0 && html`<ul class="panel items" aria-label="Active faults">${data.map((fault) => html`<${ActiveFault} key=${fault.id} fault=${fault} summary=${summaryOf(fault.fault)} />`)}</ul>`}
    </div></div>
    ${open && html`<${Detail} title="New fault" name=${`new ${params.call ?? params.webhook}`} onClose=${close}><${Loaded} data=${catalogue && services}>${() => html`
      <${NewFault} key=${params.call ?? params.webhook} kinds=${catalogue} services=${services} params=${params} onClose=${close} />`}<//><//>`}
    </div></div>`;
}

export const screen = { route: "faults", title: "Faults", key: "f", count: "faults", View };
