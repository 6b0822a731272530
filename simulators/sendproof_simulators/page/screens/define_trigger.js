// Define a trigger: its criteria, and the template that each customer gets at once.

import { api } from "../api.js";
import { touch, useLive } from "../live.js";
import { criteriaText } from "../parts/campaign_facts.js";
import { CheckField, Form, NumberField, Rows, SelectField, TextField } from "../parts/form.js";
import { go, href } from "../parts/links.js";
import { Phone } from "../parts/phone.js";
import { channelsOf } from "../parts/sandbox.js";
import { Screen } from "../parts/screen.js";
import { Empty } from "../parts/state.js";
import { filledMessage, ListingHint, templateOptions, useTemplates } from "../parts/templates.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

const UNITS = [["60000", "minutes"], ["3600000", "hours"], ["86400000", "days"]];

/** Show the form for a new trigger. */
export function DefineTrigger({sandbox, triggers}) {
  const channels = channelsOf(sandbox, "triggered");
  return html`<${Screen} title="Define trigger" crumbs=${html`<a href=${href("triggers")}>Triggers</a> / new`}>
    <div class="scroll">${channels.length
      ? html`<${TriggerForm} channels=${channels} triggers=${triggers} />`
      : html`<${Empty} title="This sandbox has no channel for triggers">Create a sandbox with a channel of the kind "triggered".<//>`}
    </div>
  <//>`;
}

const newCriterion = () => ({event: "page_visit", count: 1, name: "", value: "", within: null, unit: UNITS[1][0]});

function TriggerForm({channels, triggers}) {
  const [plan, setPlan] = useState(() => ({
    trigger: "", campaign: Math.max(8000, ...triggers.map(trigger => trigger.campaign)) + 1, channel: channels[0].id, template: "",
    criteria: [newCriterion()], exclude: "", repeat: false, action: 2,
  }));
  const change = fields => setPlan(old => ({...old, ...fields}));
  const channel = channels.find(item => item.id === plan.channel);
  const known = useTemplates(channel);
  const listed = known.templates.filter(known.isListed);
  useEffect(() => { if (listed.length && !plan.template) change({template: listed[0].title}); }, [known.loaded, listed.length]);
  const define = async () => {
    await api.post("triggers", bodyOf(plan));
    touch("triggers", "campaigns");
    go("triggers", {trigger: plan.trigger});
  };
  return html`<div class="with-preview">
    <${Form} label="Define trigger" submit="Define trigger" onSubmit=${define} onCancel=${() => go("triggers")}>
      <div class="fields">
        <${TextField} label="Name" required maxlength="100" placeholder="Third visit" value=${plan.trigger} onChange=${trigger => change({trigger})} />
        <${NumberField} label="Campaign id" min="1" required value=${plan.campaign} onChange=${campaign => change({campaign})} />
        <${SelectField} label="Channel" value=${plan.channel} onChange=${id => change({channel: Number(id)})}
          options=${channels.map(item => [item.id, `${item.id} · ${item.provider}`])} />
        <${SelectField} label="Template" required value=${plan.template} onChange=${template => change({template})}
          placeholder=${known.templates.length ? "Choose a template" : "No template at the provider"} options=${templateOptions(known)} />
      </div>
      ${known.loaded && !listed.length && html`<${ListingHint} channel=${channel} templates=${known.templates} />`}
      <${Rows} label="Criteria, all of which must be met" add="criterion" items=${plan.criteria} onChange=${criteria => change({criteria})}
        blank=${newCriterion} row=${(criterion, edit) => html`<${Criterion} criterion=${criterion} edit=${edit} />`} />
      <div class="fields">
        <${TextField} label="Leave out" hint="Attributes and parameters that event 11 leaves out, separated by commas." placeholder="BALANCE, referrer"
          value=${plan.exclude} onChange=${exclude => change({exclude})} />
        <${NumberField} label="Action id" min="0" value=${plan.action} onChange=${action => change({action})} />
        <${CheckField} label="Fire again for the same customer" value=${plan.repeat} onChange=${repeat => change({repeat})} />
      </div>
    <//>
    <${Preview} plan=${plan} templates=${known.templates} channel=${channel} />
  </div>`;
}

function Criterion({criterion, edit}) {
  return html`<div class="fields">
    <${TextField} label="Event" required pattern="[A-Za-z0-9_.\\-]+" value=${criterion.event} onChange=${event => edit({event})} />
    <${NumberField} label="Times" min="1" max="1000" value=${criterion.count} onChange=${count => edit({count})} />
    <${TextField} label="Parameter" placeholder="page" value=${criterion.name} onChange=${name => edit({name})} />
    <${TextField} label="is" placeholder="/offers" value=${criterion.value} onChange=${value => edit({value})} />
    <${NumberField} label="Within" min="1" value=${criterion.within} onChange=${within => edit({within})} />
    <${SelectField} label="Unit" value=${criterion.unit} options=${UNITS} onChange=${unit => edit({unit})} />
  </div>`;
}

const criteriaOf = plan => plan.criteria.map(({event, count, name, value, within, unit}) => ({
  event, count: count ?? 1, ...(name ? {where: {[name]: parameterOf(value)}} : {}), ...(within ? {within_ms: within * Number(unit)} : {}),
}));

/** Return the value of a parameter as its type: a number, true or false, or a text. */
export function parameterOf(text) {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && !Number.isNaN(Number(text)) ? Number(text) : text;
}

function bodyOf(plan) {
  const {trigger, campaign, channel, template, repeat, action} = plan;
  const exclude = plan.exclude.split(",").map(name => name.trim()).filter(Boolean);
  return {trigger, campaign, channel, template, criteria: criteriaOf(plan), exclude, repeat, action: action ?? 2};
}

async function firstCustomer() {
  const {items: [first]} = await api.get("customers", {limit: 1});
  return first ? api.get(`customers/${first.customer}`) : {};
}

function Preview({plan, templates, channel}) {
  const {data: customer} = useLive(firstCustomer, ["customers"]);
  const template = templates.find(item => item.title === plan.template);
  const messages = template ? [{id: 0, ...filledMessage(template, customer?.attributes)}] : [];
  return html`<aside class="preview" aria-label="Preview">
    <${Phone} name=${channel.provider} messages=${messages} empty="Choose a template" />
    <p class="soft">A customer gets it at once after ${criteriaText(criteriaOf(plan))}.</p>
  </aside>`;
}
