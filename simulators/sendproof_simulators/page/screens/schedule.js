// Schedule a campaign, as a marketer does: target group, channel, templates with send times, and a preview.

import { api } from "../api.js";
import { touch, useClock, useLive } from "../live.js";
import { channelText } from "../parts/campaign_facts.js";
import { Form, CheckField, InstantField, later, NumberField, Rows, SelectField, TextField, tomorrow } from "../parts/form.js";
import { count, plural, time } from "../parts/format.js";
import { go, href } from "../parts/links.js";
import { Phone } from "../parts/phone.js";
import { channelsOf, useSandbox } from "../parts/sandbox.js";
import { Screen } from "../parts/screen.js";
import { Empty } from "../parts/state.js";
import { filledMessage, ListingHint, templateOptions, useTemplates } from "../parts/templates.js";
import { html, useEffect, useState } from "../vendor/htm-preact.js";

const HOUR = 3_600_000;

/** Show the form for a new campaign. */
export function ScheduleView() {
  const sandbox = useSandbox();
  const clock = useClock();
  const {data: campaigns} = useLive(() => api.get("campaigns"), ["campaigns"]);
  const channels = channelsOf(sandbox, "scheduled");
  return html`<${Screen} title="Schedule campaign" crumbs=${html`<a href=${href("campaigns")}>Campaigns</a> / new`}>
    <div class="scroll">${clock && campaigns && sandbox.sandbox && (channels.length
      ? html`<${ScheduleForm} channels=${channels} now=${clock.now} campaigns=${campaigns} />`
      : html`<${Empty} title="This sandbox has no channel for scheduled campaigns">Create a sandbox with one.<//>`)}</div>
  <//>`;
}

function firstPlan({channels, now, campaigns}) {
  const ids = campaigns.filter(campaign => campaign.kind === "scheduled").map(campaign => campaign.campaign);
  return {
    campaign: Math.max(7000, ...ids) + 1, name: "", channel: channels[0].id, customers: 100, first_customer: 0,
    splits: [{template: "", send_at: later(now, 2 * HOUR).slice(0, 17) + "00Z", share: 1, group: 1}],
    control_group: 0, announce_at: null, cancel_at: null, conditional: false, clearance_by: null, app: "", day: "",
  };
}

function ScheduleForm({channels, now, campaigns}) {
  const [plan, setPlan] = useState(() => firstPlan({channels, now, campaigns}));
  const change = fields => setPlan(old => ({...old, ...fields}));
  const channel = channels.find(item => item.id === plan.channel);
  const known = useTemplates(channel);
  const listed = known.templates.filter(known.isListed);
  // The first template that can be used is chosen, so that the shortest way to a campaign is one button.
  useEffect(() => {
    if (!listed.length) return;
    setPlan(old => ({...old, splits: old.splits.map(split => (split.template ? split : {...split, template: listed[0].title}))}));
  }, [known.loaded, listed.length]);
  const schedule = async () => {
    await api.post("campaigns", bodyOf(plan));
    touch("campaigns");
    go("campaigns", {}, plan.campaign);
  };
  return html`<div class="with-preview">
    <${Form} label="Schedule campaign" submit="Schedule" onSubmit=${schedule} onCancel=${() => go("campaigns")}>
      <div class="fields">
        <${NumberField} label="Campaign id" min="1" required value=${plan.campaign} onChange=${campaign => change({campaign})} />
        <${TextField} label="Name" placeholder=${`Campaign ${plan.campaign ?? ""}`} maxlength="200" value=${plan.name} onChange=${name => change({name})} />
        <${SelectField} label="Channel" value=${plan.channel} onChange=${id => change({channel: Number(id)})}
          options=${channels.map(item => [item.id, channelText(item.id, channels)])} />
      </div>
      <fieldset><legend>Target group</legend><div class="fields">
        <${NumberField} label="Customers" min="0" required value=${plan.customers} onChange=${customers => change({customers})} />
        <${NumberField} label="From position" min="0" value=${plan.first_customer} onChange=${first_customer => change({first_customer})}
          hint="Customers are consecutive, from 0." />
        <${NumberField} label="Control group, %" min="0" max="99" value=${plan.control_group} onChange=${control_group => change({control_group})}
          hint="Customers who get nothing." />
      </div></fieldset>
      ${known.loaded && !listed.length && html`<${ListingHint} channel=${channel} templates=${known.templates} />`}
      <${Rows} label="Templates and send times" add="template" items=${plan.splits} onChange=${splits => change({splits})}
        blank=${() => ({...plan.splits.at(-1), group: plan.splits.length + 1})}
        row=${(split, edit) => html`<${Split} split=${split} edit=${edit} now=${now} known=${known} several=${plan.splits.length > 1} />`} />
      <${MoreOptions} plan=${plan} change=${change} now=${now} />
    <//>
    <${Preview} plan=${plan} templates=${known.templates} channel=${channel} />
  </div>`;
}

function Split({split, edit, now, known, several}) {
  return html`<div class="fields">
    <${SelectField} label="Template" required value=${split.template} onChange=${template => edit({template})}
      placeholder=${known.templates.length ? "Choose a template" : "No template at the provider"} options=${templateOptions(known)} />
    <${InstantField} label="Send time" required value=${split.send_at} onChange=${send_at => edit({send_at})} now=${now}
      shortcuts=${[["now", "+0s"], ["+1h", "+1h"], ["+1d", "+1d"], ["tomorrow 09:00", tomorrow(now, 9)]]} />
    ${several && html`<${NumberField} label="Share" min="0" step="any" value=${split.share} onChange=${share => edit({share})} hint="Relative to the sum." />
    <${NumberField} label="A/B group" min="1" value=${split.group} onChange=${group => edit({group})} hint="1 is group A." />`}
  </div>`;
}

function MoreOptions({plan, change, now}) {
  return html`<details><summary>Announcement, clearance and cancellation</summary><div class="fields">
    <${InstantField} label="Announce at" now=${now} value=${plan.announce_at} onChange=${announce_at => change({announce_at})} hint="Empty: at once." />
    <${InstantField} label="Cancel at" now=${now} value=${plan.cancel_at} onChange=${cancel_at => change({cancel_at})} hint="Empty: not by itself." />
    <${CheckField} label="Conditional: wait for the bridge's clearance" value=${plan.conditional}
      onChange=${conditional => change({conditional, clearance_by: plan.clearance_by ?? later(now, HOUR)})} />
    ${plan.conditional && html`<${InstantField} label="Clearance by" required now=${now} value=${plan.clearance_by} onChange=${clearance_by => change({clearance_by})} />`}
    <${TextField} label="App of the channel" value=${plan.app} onChange=${app => change({app})} hint="Only for channels with apps." />
    <${TextField} label="Day of the nightly run" placeholder="2026-03-03" value=${plan.day} onChange=${day => change({day})}
      hint="Only for sandboxes with a nightly process." />
  </div></details>`;
}

/** Return the request that schedules a plan. Fields without a value are left out. */
export function bodyOf(plan) {
  const sum = plan.splits.reduce((total, split) => total + (split.share ?? 0), 0);
  const splits = plan.splits.map(split => ({...split, share: (split.share ?? 0) / (sum || 1), group: split.group ?? 1}));
  const optional = {
    name: plan.name, app: plan.app, day: plan.day, announce_at: plan.announce_at, cancel_at: plan.cancel_at,
    control_group: plan.control_group ? plan.control_group / 100 : null,
    conditional: plan.conditional ? {clearance_by: plan.clearance_by} : null,
  };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value));
  return {campaign: plan.campaign, channel: plan.channel, customers: plan.customers, first_customer: plan.first_customer ?? 0, splits, ...given};
}

/** Show the texts on the phone of the target group's first customer. */
function Preview({plan, templates, channel}) {
  const {data: customer} = useLive(() => firstCustomer(plan.first_customer), ["customers"], [plan.first_customer]);
  const messages = plan.splits.flatMap((split, index) => {
    const template = templates.find(item => item.title === split.template);
    if (!template) return [];
    return [{id: index, at: split.send_at, ...filledMessage(template, customer?.attributes)}];
  });
  const open = customer?.attributes ? messages.flatMap(message => message.text.match(/\{\{[^}]+\}\}/g) ?? []) : [];
  return html`<aside class="preview" aria-label="Preview">
    <${Phone} name=${channel.provider} messages=${messages} empty="Choose a template" />
    ${open.length > 0 && html`<p class="notice">${customer.customer} has no ${[...new Set(open)].join(", ")}.</p>`}
    <p class="soft">${customer?.customer ? `As ${customer.customer} would see it. ` : ""}${plural(plan.customers ?? 0, "customer")}
      ${customer?.total ? ` of ${count(customer.total)}` : ""}${plan.splits[0].send_at ? ` from ${time(plan.splits[0].send_at)}` : ""}.</p>
  </aside>`;
}

async function firstCustomer(position) {
  const {items, total} = await api.get("customers", {offset: Math.max(0, position ?? 0), limit: 1});
  return items.length ? {...await api.get(`customers/${items[0].customer}`), total} : {total};
}
