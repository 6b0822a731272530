// Try an operation with the credentials of the sandbox, and see the response and what differed.

import { api, control, tryRequest } from "../api.js";
import { Body } from "../parts/body.js";
import { Copy } from "../parts/copy.js";
import { href } from "../parts/links.js";
import { html, useState } from "../vendor/htm-preact.js";
import { contentOf, resolve } from "./loading.js";
import { curlOf, fieldsOf, requestOf } from "./request.js";

const FIRST_ERROR = 400;
const PLACES = [["path", "Path"], ["query", "Query"], ["header", "Headers"]];

function Input({ name, value, required, hint, onInput }) {
  return html`<label class="try-field"><code>${name}${required && html`<span class="required" title="required">*</span>`}</code>
    <input value=${value ?? ""} placeholder=${hint ?? ""} onInput=${(event) => onInput(event.target.value)} autocomplete="off" spellcheck=${false} /></label>`;
}

function Inputs({ title, parameters, values, onChange }) {
  if (!parameters.length) return null;
  return html`<fieldset class="stack"><legend>${title}</legend>${parameters.map(({ name, required, schema }) => html`
    <${Input} name=${name} value=${values[name]} required=${required} hint=${schema?.default === undefined ? "" : `default ${schema.default}`}
      onInput=${(value) => onChange({ ...values, [name]: value })} />`)}</fieldset>`;
}

/** The fields of a form: those of the contract, those of the example first. */
function formFields(contract, schema, values) {
  const node = resolve(contract, schema);
  const all = Object.entries(node?.properties ?? {}).map(([name, part]) => ({ name, schema: resolve(contract, part), required: node.required?.includes(name) }));
  return all.sort((one, other) => (other.name in values) - (one.name in values));
}

function Form({ contract, schema, example, values, onChange }) {
  const fields = formFields(contract, schema, example);
  const first = fields.filter(({ name, required }) => required || name in example);
  const others = fields.filter((field) => !first.includes(field));
  return html`<${Inputs} title="Form" parameters=${first} values=${values} onChange=${onChange} />
    ${others.length > 0 && html`<details><summary>${others.length} more fields</summary><${Inputs} title="" parameters=${others} values=${values} onChange=${onChange} /></details>`}`;
}

/** One credential: those of the sandbox, or none. */
function Credential({ place, credentials, value, onChange }) {
  return html`<label class="try-field"><code>${place.name}</code>
    <select value=${value} onChange=${(event) => onChange(event.target.value)}>
      ${Object.entries(credentials).map(([name, secret]) => html`<option value=${secret} selected=${secret === value}>${name}</option>`)}
      <option value="" selected=${value === ""}>none</option></select></label>`;
}

/** Send the request; return the response with the journal's `entry` on it, which has no number without a sandbox. */
async function sendAndLookUp(service, request) {
  if (service === "control") return { ...await tryRequest(request), entry: null };
  const newest = async () => (await api.get("requests", { service, limit: 1 })).items[0];
  const before = await newest();
  const response = await tryRequest(request);
  const after = await newest();
  if (after && after.n !== before?.n) return { ...response, entry: after };
  const { requests } = await control.get("unauthenticated-requests");
  const unknown = requests.findLast((entry) => entry.service === service);
  return { ...response, entry: unknown ? { near_miss: unknown.differs, violations: [] } : null };
}

function Result({ result, sandbox }) {
  const { status, statusText, ms, headers, text, entry } = result;
  const type = headers.find(([name]) => name === "content-type")?.[1];
  const query = sandbox === "default" ? "" : `?sandbox=${encodeURIComponent(sandbox)}`;
  return html`<section class="stack" aria-live="polite" aria-label="Response">
    <p class="line"><span class="badge ${status < FIRST_ERROR ? "ok" : "bad"}">${status} ${statusText}</span> <span class="faint num">${ms} ms</span>
      <span class="spacer"></span>${entry?.n && html`<a href=${`../#/requests/${entry.n}${query}`}>Request ${entry.n} in the log</a>`}</p>
    ${entry?.near_miss && html`<p class="notice">${entry.near_miss}</p>`}
    ${entry?.violations.map((violation) => html`<p class="problem">${violation.where}: ${violation.message}</p>`)}
    <${Body} title="Response body" text=${text} type=${type} />
    <details><summary>${headers.length} headers</summary><table class="table pairs"><tbody>${headers.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="mono">${value}</td></tr>`)}</tbody></table></details>
  </section>`;
}

export function TryIt({ documents, operation, parameters, body, service, sandbox }) {
  const { contract, reference, sandbox: view } = documents;
  const known = view.services[service] ?? { credentials: {}, url: "" };
  const [label, setLabel] = useState(operation.examples[0]?.label);
  const example = operation.examples.find((item) => item.label === label);
  const [fields, setFields] = useState(() => fieldsOf(operation, example, known.credentials));
  const places = example?.needs_credential === false ? [] : reference.credentials.filter(({ place }) => place !== "body");
  const [chosen, setChosen] = useState(() => Object.fromEntries(reference.credentials.map(({ name, credential }) => [name, known.credentials[credential] ?? ""])));
  const [state, setState] = useState({});
  const [type, media] = contentOf(body) ?? ["", null];
  const base = known.url ? new URL(known.url).pathname.replace(/\/$/, "") : "";
  const choose = (name) => {
    setLabel(name);
    setFields(fieldsOf(operation, operation.examples.find((item) => item.label === name), known.credentials));
  };
  const prepare = () => requestOf({ operation, fields, media: type, places, chosen, service, base });
  const send = async (event) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      setState({ response: await sendAndLookUp(service, await prepare()) });
    } catch (error) {
      setState({ error });
    }
  };
  const [command, setCommand] = useState("");
  const showCommand = async () => {
    const prefix = service === "control" ? "" : `/${service}${base}`;
    const origin = known.url || String(new URL(document.baseURI).origin);
    setCommand(curlOf(await prepare(), origin.replace(/\/$/, ""), prefix));
  };
  const of = (place) => parameters.filter((node) => node.in === place && !places.some(({ name }) => name.toLowerCase() === node.name.toLowerCase()));
  return html`<form class="panel try-it" onSubmit=${send} aria-label="Try it" novalidate>
    <header><h2>Try it</h2><span class="spacer"></span>
      ${operation.examples.length > 1 && html`<label class="line"><span class="hidden-text">Example</span><select title="Example" value=${label} onChange=${(event) => choose(event.target.value)}>
        ${operation.examples.map((item) => html`<option value=${item.label} selected=${item.label === label}>${item.label}</option>`)}</select></label>`}</header>
    <div class="body stack">
      ${places.length > 0 && html`<fieldset class="stack"><legend>Credentials of sandbox ${sandbox}</legend>${places.map((place) => html`
        <${Credential} place=${place} credentials=${known.credentials} value=${chosen[place.name]} onChange=${(value) => setChosen({ ...chosen, [place.name]: value })} />`)}</fieldset>`}
      ${PLACES.map(([place, title]) => html`<${Inputs} title=${title} parameters=${of(place)} values=${fields[place]} onChange=${(values) => setFields({ ...fields, [place]: values })} />`)}
      ${type && (type.includes("form") ? html`<${Form} contract=${contract} schema=${media.schema} example=${example?.fields ?? {}} values=${fields.form} onChange=${(form) => setFields({ ...fields, form })} />`
        : html`<label class="field"><span class="label">Body, ${type}</span><textarea class="try-body" rows="12" spellcheck=${false} value=${fields.body} onInput=${(event) => setFields({ ...fields, body: event.target.value })}></textarea></label>`)}
      <div class="line"><button class="primary" disabled=${state.busy}>Send ${operation.method}</button>
        <button type="button" onClick=${showCommand}>Show as curl</button></div>
      ${service !== "control" && html`<p class="faint">The journal of the sandbox records this request like one of your bridge.</p>`}
      ${command && html`<div class="stack"><div class="line"><h3>As a command</h3><span class="spacer"></span><${Copy} text=${command} what="command" /></div><pre class="code" tabindex="0">${command}</pre></div>`}
      ${state.error && html`<p class="problem" role="alert">${state.error.detail ?? state.error.message}</p>`}
      ${state.response && html`<${Result} result=${state.response} sandbox=${sandbox} />`}
    </div></form>`;
}
