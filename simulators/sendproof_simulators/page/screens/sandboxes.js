// All sandboxes: create, reset and delete them, and keep snapshots of the chosen one.

import { api, control } from "../api.js";
import { Detail } from "../parts/detail.js";
import { CheckField, Form, InstantField, NumberField, Rows, SelectField, TextField } from "../parts/form.js";
import { count, plural, time } from "../parts/format.js";
import { chooseSandbox, DEFAULT_SANDBOX, setPath } from "../parts/links.js";
import { Empty, Problem } from "../parts/state.js";
import { attempt, say } from "../parts/toasts.js";
import { touch, useLive } from "../live.js";
import { html, useCallback, useState } from "../vendor/htm-preact.js";

const COUNTRIES = [["GB", "United Kingdom"], ["US", "United States"]];

/** A button that asks before it does something that cannot be undone. */
function Ask({ children, question, action, label }) {
  const [asking, setAsking] = useState(false);
  if (!asking) return html`<button type="button" class="small" aria-label=${label} onClick=${() => setAsking(true)}>${children}</button>`;
  return html`<span class="line" role="group" aria-label=${question}><span>${question}</span>
    <button type="button" class="small danger" onClick=${() => { setAsking(false); action(); }}>${children}</button>
    <button type="button" class="small" onClick=${() => setAsking(false)}>Keep</button></span>`;
}

function clockText(clock) {
  if (clock.mode === "real") return "as the machine's clock";
  return clock.rate === null ? "paused" : `at ${clock.rate.toLocaleString("en-GB")} × real time`;
}

function SandboxItem({ item, chosen }) {
  const name = item.sandbox;
  const at = (path) => `sandboxes/${encodeURIComponent(name)}${path}`;
  const reset = () => attempt(() => control.post(at("/reset")), `${name} is as it was created`).then(() => touch("sandboxes"));
  const remove = () => attempt(async () => {
    await control.delete(at(""));
    touch("sandboxes");
    if (chosen) chooseSandbox(DEFAULT_SANDBOX);
  }, `${name} is deleted`);
  return html`<li class="item"><div class="item-main">
      <div class="line"><strong>${name}</strong>${chosen && html`<span class="badge ok">shown</span>`}</div>
      <div class="soft">${time(item.clock.now)}, ${clockText(item.clock)}; seed ${item.seed}; ${plural(item.channels.length, "channel")}</div></div>
    ${!chosen && html`<button type="button" class="small" onClick=${() => chooseSandbox(name)} aria-label=${`Show ${name}`}>Show</button>`}
    <${Ask} question="Forget everything in it?" action=${reset} label=${`Reset ${name}`}>Reset<//>
    ${name !== DEFAULT_SANDBOX && html`<${Ask} question="Delete it?" action=${remove} label=${`Delete ${name}`}>Delete<//>`}</li>`;
}

function Snapshots({ sandbox }) {
  const { data, error, reload } = useLive(() => api.get("snapshots"), ["snapshots"], []);
  const [name, setName] = useState("");
  const run = (action, done) => attempt(action, done).then(() => { touch("snapshots"); reload(); });
  const create = (event) => {
    event.preventDefault();
    run(() => api.post("snapshots", { name }), `The snapshot ${name} is kept`);
    setName("");
  };
  const items = Array.isArray(data) ? data : data?.items ?? [];
  return html`<section class="panel" aria-label="Snapshots"><header><h2>Snapshots of ${sandbox}</h2></header>
    <div class="body stack"><${Problem} error=${error?.status === 404 ? null : error} />
      <form class="line" onSubmit=${create}><label class="hidden-text" for="snapshot">Name</label>
        <input id="snapshot" placeholder="before-the-week" pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*" value=${name} onInput=${(event) => setName(event.target.value)} />
        <button class="primary" disabled=${!name}>Keep a snapshot</button></form>
      <p class="faint">A restored sandbox continues exactly as it would have: the same next steps give the same history.
        Your bridge keeps its own data.</p></div>
    ${items.length > 0 && html`<ul class="items">${items.map((item) => html`<li class="item"><div class="item-main">
        <div><strong>${item.name}</strong></div><div class="soft">${time(item.at)}, ${count(item.n)} journal entries</div></div>
      <${Ask} question="Replace the current state?" label=${`Restore ${item.name}`}
        action=${() => run(() => api.post(`snapshots/${encodeURIComponent(item.name)}/restore`), `${item.name} is restored`)}>Restore<//>
      <${Ask} question="Delete it?" label=${`Delete ${item.name}`}
        action=${() => run(() => api.delete(`snapshots/${encodeURIComponent(item.name)}`), `${item.name} is deleted`)}>Delete<//></li>`)}</ul>`}
  </section>`;
}

/** Choose options other than the defaults for open questions about the services. */
function Dialects({ items, onChange }) {
  const { data } = useLive(() => control.get("dialects"), [], []);
  if (!data) return null;
  const all = Object.entries(data).flatMap(([service, dialects]) => dialects.map((dialect) => ({ ...dialect, id: `${service}.${dialect.name}` })));
  const find = (id) => all.find((dialect) => dialect.id === id) ?? all[0];
  const blank = () => ({ id: all[0].id, option: all[0].options[1]?.value ?? "" });
  return html`<${Rows} label="Dialects" items=${items} onChange=${onChange} blank=${blank} add="dialect" least=${0}
    row=${(item, changed) => html`<div class="fields">
      <${SelectField} label="Question" hint=${find(item.id).question} value=${item.id} options=${all.map(({ id }) => id)}
        onChange=${(id) => changed({ id, option: find(id).options[1]?.value ?? "" })} />
      <${SelectField} label="Option" hint=${find(item.id).options.find(({ value }) => value === item.option)?.meaning} value=${item.option}
        options=${find(item.id).options.map(({ value }) => value)} onChange=${(option) => changed({ option })} /></div>`} />`;
}

function NewSandbox({ providers, onClose }) {
  const [fields, setFields] = useState({ name: "", seed: 1, clock: "virtual", start: null, customers: 1000, optedOut: 4, unusable: 2, country: "GB", provider: "textlocal", rateLimits: true, dialects: [] });
  const set = (name) => (value) => setFields({ ...fields, [name]: value });
  const submit = async () => {
    const { name, start } = fields;
    const created = await control.post("sandboxes", {
      ...(name ? { name } : {}), seed: fields.seed ?? 1, rate_limits: fields.rateLimits,
      ...(fields.dialects.length ? { dialects: Object.fromEntries(fields.dialects.map(({ id, option }) => [id, option])) } : {}),
      clock: { mode: fields.clock, ...(start ? { start } : {}) },
      audience: { customers: fields.customers ?? 0, opted_out: (fields.optedOut ?? 0) / 100, unusable_numbers: (fields.unusable ?? 0) / 100, country: fields.country },
      channels: [{ id: 505, provider: fields.provider, kind: "scheduled" }, { id: 250, provider: fields.provider, kind: "triggered" }],
    });
    say(`${created.sandbox} is created`);
    touch("sandboxes");
    setPath();
    chooseSandbox(created.sandbox);
  };
  return html`<${Form} label="New sandbox" submit="Create sandbox" onSubmit=${submit} onCancel=${onClose}>
    <div class="fields">
      <${TextField} label="Name" hint="Empty: a new one" value=${fields.name} onChange=${set("name")} />
      <${NumberField} label="Seed" hint="The source of all randomness" min="0" value=${fields.seed} onChange=${set("seed")} />
      <${SelectField} label="Provider" hint="Channels 505 and 250" value=${fields.provider} onChange=${set("provider")} options=${providers} />
      <${SelectField} label="Clock" value=${fields.clock} onChange=${set("clock")} options=${[["virtual", "virtual: you advance it"], ["real", "real: the machine's"]]} />
      <${InstantField} label="Start" hint="Empty: now" value=${fields.start} onChange=${set("start")} />
      <${NumberField} label="Customers" min="0" max="10000000" value=${fields.customers} onChange=${set("customers")} />
      <${SelectField} label="Country" value=${fields.country} onChange=${set("country")} options=${COUNTRIES} />
      <${NumberField} label="Opted out, %" min="0" max="100" step="any" value=${fields.optedOut} onChange=${set("optedOut")} />
      <${NumberField} label="Unusable numbers, %" min="0" max="100" step="any" value=${fields.unusable} onChange=${set("unusable")} />
    </div>
    <${CheckField} label="Rate limits of the services" value=${fields.rateLimits} onChange=${set("rateLimits")} />
    <${Dialects} items=${fields.dialects} onChange=${set("dialects")} />
  <//>`;
}

function View({ sandbox, path }) {
  const { data, error } = useLive(() => control.get("sandboxes"), ["sandboxes", "clock"], []);
  const services = useLive(() => control.get("services"), [], []).data ?? {};
  const providers = Object.keys(services).filter((name) => !name.startsWith("optimove"));
  const close = useCallback(() => setPath(), []);
  const open = path[0] === "new";
  return html`<div class="screen"><div class="heading"><h1>Sandboxes</h1><span class="spacer"></span>
      <a class="button" href=${api.url("history")} download=${`${sandbox}.ndjson`} title="The history of the shown sandbox, for sendproof judge">Download history</a>
      <button type="button" class="primary" onClick=${() => setPath("new")}>New sandbox</button></div>
    <div class=${`split ${open ? "open" : ""}`}><div class="list"><div class="scroll stack"><${Problem} error=${error} />
      ${data?.length === 0 && html`<${Empty} title="No sandbox" />`}
      <ul class="panel items" aria-label="Sandboxes">${(data ?? []).map((item) => html`<${SandboxItem} key=${item.sandbox} item=${item} chosen=${item.sandbox === sandbox} />`)}</ul>
      <${Snapshots} sandbox=${sandbox} />
    </div></div>
    ${open && html`<${Detail} title="New sandbox" name="new" onClose=${close}><${NewSandbox} providers=${providers} onClose=${close} /><//>`}</div></div>`;
}

export const screen = { route: "sandboxes", title: "Sandboxes", key: "s", View };
