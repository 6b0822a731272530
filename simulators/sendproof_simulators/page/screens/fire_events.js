// Record events of customers, and follow what comes back: triggers, the webhook to the bridge, and the message.

import { api } from "../api.js";
import { touch, useClock, useLive } from "../live.js";
import { Acknowledged, Attempts, CustomerLink } from "../parts/campaign_facts.js";
import { Form, InstantField, NumberField, Rows, TextField } from "../parts/form.js";
import { exact, plural } from "../parts/format.js";
import { href } from "../parts/links.js";
import { Badge } from "../parts/state.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";
import { parameterOf } from "./define_trigger.js";

/** Show the form. `chosen` is the name of a trigger that its fields should meet. */
export function FireEvents({triggers, chosen, customer}) {
  const now = useClock()?.now;
  const [plan, setPlan] = useState({event: "page_visit", customers: customer ?? "", times: 1, at: null, parameters: [{name: "", value: ""}]});
  const [result, setResult] = useState(null);
  const change = fields => setPlan(old => ({...old, ...fields}));
  const trigger = triggers.find(item => item.trigger === chosen);
  useEffect(() => { if (trigger) change(planFor(trigger)); }, [trigger?.trigger]);
  const record = async () => {
    setResult(await api.post("events", eventsOf(plan)));
    touch("triggers", "messages", "webhooks", "campaigns");
  };
  const names = [...new Set(triggers.flatMap(item => item.criteria.map(criterion => criterion.event)))];
  return html`<div class="stack">
    ${trigger?.criteria.length > 1 && html`<p class="notice">${trigger.trigger} needs ${plural(trigger.criteria.length, "criterion", "criteria")}:
      record the events of each.</p>`}
    <${Form} label="Record customer events" submit="Record events" onSubmit=${record}>
      <div class="fields">
        <${TextField} label="Event" required pattern="[A-Za-z0-9_.\\-]+" options=${names} value=${plan.event} onChange=${event => change({event})} />
        <${TextField} label="Customers" required hint="Ids, separated by spaces or commas." placeholder="C0000042" value=${plan.customers} onChange=${customers => change({customers})} />
        <${NumberField} label="Times each" min="1" max="1000" value=${plan.times} onChange=${times => change({times})} />
        <${InstantField} label="At" hint="Empty: now." now=${now} value=${plan.at} onChange=${at => change({at})} />
      </div>
      <${Rows} label="Parameters" add="parameter" least=${0} items=${plan.parameters} onChange=${parameters => change({parameters})}
        blank=${() => ({name: "", value: ""})} row=${(parameter, edit) => html`<div class="fields">
          <${TextField} label="Name" placeholder="page" value=${parameter.name} onChange=${name => edit({name})} />
          <${TextField} label="Value" placeholder="/offers" value=${parameter.value} onChange=${value => edit({value})} /></div>`} />
    <//>
    ${result && html`<${Result} key=${result} result=${result} />`}
  </div>`;
}

/** Return the fields that meet the first criterion of a trigger. */
function planFor({criteria: [first]}) {
  const parameters = Object.entries(first.where ?? {}).map(([name, value]) => ({name, value: String(value)}));
  return {event: first.event, times: first.count ?? 1, parameters};
}

function eventsOf({event, customers, times, at, parameters}) {
  const values = Object.fromEntries(parameters.filter(({name}) => name).map(({name, value}) => [name, parameterOf(value)]));
  const ids = customers.split(/[\s,]+/).filter(Boolean);
  const one = customer => ({customer, event, parameters: values, ...(at ? {at} : {})});
  return ids.flatMap(customer => Array.from({length: times ?? 1}, () => one(customer)));
}

function Result({result}) {
  const {events, triggered} = result;
  return html`<section class="section came-back" aria-label="What came back" aria-live="polite"><header><h2>What came back</h2></header>
    <p>${plural(events, "event")} recorded, ${triggered.length ? plural(triggered.length, "trigger") : "no trigger"} fired.
      ${!triggered.length && " A trigger fires once its count is reached, and only once for a customer unless it repeats."}</p>
    ${triggered.slice(0, 20).map(fired => html`<${Fired} key=${fired.request_id ?? fired.customer} fired=${fired} />`)}
    ${triggered.length > 20 && html`<p class="soft">The first 20 are shown. <a href=${href("outbox", {campaign: triggered[0].campaign})}>All messages</a></p>`}
  </section>`;
}

/** Follow one fired trigger: event 11 to the bridge, then the message. */
function Fired({fired}) {
  const {trigger, campaign, customer} = fired;
  const {data} = useLive(() => followed(fired), ["messages", "webhooks"], [fired]);
  return html`<div class="fired"><p class="line"><b>${trigger}</b> for <${CustomerLink} customer=${customer} /></p>
    <ol class="trail">
      <li class=${data?.webhook ? "done" : ""}><span>Event 11 to the bridge ${data?.webhook && html`<${Acknowledged} webhook=${data.webhook} />`}</span>
        ${data?.webhook ? html`<${Attempts} attempts=${data.webhook.attempts} />` : html`<span class="soft">No listener for event 11, or not sent yet.</span>`}</li>
      <li class=${data?.message ? "done" : ""}><span>Message ${data?.message && html`<${Badge} state=${data.message.state} />`}</span>
        ${data?.message
          ? html`<a href=${href("outbox", {campaign}, data.message.provider, data.message.id)}>“${data.message.text}”</a>
              <span class="soft"><time>${exact(data.message.at)}</time></span>`
          : html`<span class="soft">${data?.none ? `None is due: ${data.none.replace(/_/g, " ")}.` : "None yet."}</span>`}</li>
    </ol></div>`;
}

async function followed({campaign, customer, trigger}) {
  const [webhooks, messages, {obligations}] = await Promise.all([
    api.get("webhooks", {service: "optimove", event: "11"}),
    api.get("messages", {campaign, customer, limit: 1}),
    api.get(`customers/${encodeURIComponent(customer)}`),
  ]);
  const webhook = webhooks.findLast(({about}) => about.customer === customer && about.trigger === trigger);
  const due = obligations.findLast(item => item.campaign === campaign && item.trigger === trigger);
  return {webhook, message: messages.items[0], none: due && !due.owed ? due.reason : null};
}
