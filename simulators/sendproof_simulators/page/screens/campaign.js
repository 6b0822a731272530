// One campaign: its steps, channels and templates, results, and what the bridge reported and acknowledged.

import { api } from "../api.js";
import { touch, useLive } from "../live.js";
import { Acknowledged, Attempts, CampaignState, channelText, criteriaText, eventName } from "../parts/campaign_facts.js";
import { capital, count, distance, exact, plural, share, time } from "../parts/format.js";
import { href } from "../parts/links.js";
import { useSandbox } from "../parts/sandbox.js";
import { Panel, Screen } from "../parts/screen.js";
import { Empty, Facts, Figures, Loaded } from "../parts/state.js";
import { attempt } from "../parts/toasts.js";
import { html, useEffect, useRef, useState } from "../vendor/htm-preact.js";

const PARTS = ["campaigns", "messages", "webhooks", "triggers", "clock"];

/** Show one campaign. */
export function CampaignView({id}) {
  const {channels} = useSandbox();
  const {data, error} = useLive(() => api.get(`campaigns/${id}/report`), PARTS, [id]);
  const under = data && html`<p class="line faint"><${CampaignState} campaign=${data} now=${data.at} />${capital(data.kind)}</p>`;
  return html`<${Screen} title=${data?.name ?? `Campaign ${id}`} crumbs=${html`<a href=${href("campaigns")}>Campaigns</a> / ${id}`}
    under=${under} actions=${data && html`<${Actions} report=${data} />`}>
    <div class="scroll"><div class="stack"><${Loaded} data=${data} error=${error}>${report => html`
      <${Steps} report=${report} />
      <${Results} report=${report} />
      <${Executions} report=${report} channels=${channels} />
      <${Notifications} webhooks=${report.notifications} />
      <${Changes} report=${report} channels=${channels} />`}
    <//></div></div>
  <//>`;
}

function Actions({report}) {
  const {campaign, state, kind, triggers} = report;
  return html`<a class="button" href=${href("outbox", {campaign})}>Messages</a>
    ${kind === "scheduled" && state !== "cancelled" && html`<${Cancel} report=${report} />`}
    ${kind === "triggered" && html`<a class="button primary" href=${href("triggers", {trigger: triggers[0]})}>Fire events</a>`}`;
}

function Cancel({report}) {
  const [asked, setAsked] = useState(false);
  const confirm = useRef(null);
  useEffect(() => confirm.current?.focus(), [asked]);
  const {campaign} = report;
  const cancel = () => attempt(() => api.post(`campaigns/${campaign}/cancel`), `Campaign ${campaign} is cancelled`).then(() => touch("campaigns"));
  if (!asked) return html`<button type="button" class="danger" onClick=${() => setAsked(true)}>Cancel campaign</button>`;
  return html`<div class="confirm" role="alertdialog" aria-label="Cancel this campaign?">
    <span>Messages that are not due yet must not go out.</span>
    <button type="button" class="danger" ref=${confirm} onClick=${cancel}>Cancel it now</button>
    <button type="button" onClick=${() => setAsked(false)}>Keep it</button>
  </div>`;
}

/** Show the steps of a campaign on their times: done, next or still to come. */
function Steps({report}) {
  const steps = stepsOf(report).filter(step => step.at);
  if (!steps.length) return html`<p class="lead">When ${criteriaText(report.criteria)}</p>`;
  const next = steps.findIndex(step => step.at > report.at);
  return html`<ol class="steps" aria-label="Steps of the campaign">${steps.map((step, index) => html`
    <li key=${step.label + step.at} class="${step.at <= report.at ? "done" : ""} ${index === next ? "next" : ""} ${step.tone ?? ""}">
      <b>${step.label}</b><time datetime=${step.at}>${time(step.at)}</time>
      <small>${distance(step.at, report.at)}</small>
    </li>`)}
  </ol>`;
}

function stepsOf({announced_at, cancelled_at, clearance, executions}) {
  const sends = [...new Set(executions.map(execution => execution.scheduled_time).filter(Boolean))].sort();
  const steps = [
    {label: "Announcement", at: announced_at},
    {label: "Clearance by", at: clearance?.required_by},
    ...sends.map((at, index) => ({label: sends.length > 1 ? `Send time ${index + 1}` : "Send time", at})),
    {label: "Cancelled", at: cancelled_at, tone: "bad"},
  ];
  // After a cancellation, later steps do not happen.
  const happening = steps.filter(step => step.at && (!cancelled_at || step.at <= cancelled_at));
  return happening.sort((one, other) => (one.at < other.at ? -1 : 1));
}

function totals(report) {
  const sums = {};
  for (const {name, value} of report.metrics) sums[name] = (sums[name] ?? 0) + value;
  return sums;
}

function Results({report}) {
  const {target_group: group, recipients, control_group: controls} = report;
  const sums = totals(report);
  const onOneChannel = new Set(report.executions.map(execution => execution.channel)).size === 1;
  const others = Object.keys(sums).filter(name => !["sent", "delivered"].includes(name));
  const items = [
    ...(group ? [{label: "in the target group", value: group.customers}] : []),
    ...(controls ? [{label: "in the control group", value: controls}] : []),
    {label: group ? "recipients" : "times fired", value: recipients},
    {label: "sent", value: sums.sent ?? "–", note: sums.sent === undefined ? "no report yet" : onOneChannel ? share(sums.sent, recipients) : ""},
    {label: "delivered", value: sums.delivered ?? "–", tone: "good", note: sums.sent ? `${share(sums.delivered ?? 0, sums.sent)} of sent` : ""},
    ...others.map(name => ({label: name.replace(/_/g, " "), value: sums[name], tone: sums[name] ? "odd" : ""})),
  ];
  return html`<${Panel} title="Results" note="recipients as Optimove counts them, the others as the bridge reported them">
    <${Figures} items=${items} label="Results" /><//>`;
}

function Executions({report, channels}) {
  if (!report.executions.length) return null;
  const names = [...new Set(report.metrics.map(metric => metric.name))];
  const isSplit = new Set(report.executions.map(execution => execution.group)).size > 1;
  const valueOf = ({channel, template}, name) =>
    report.metrics.find(metric => metric.channel === channel && metric.template === template && metric.name === name)?.value;
  return html`<${Panel} title="Channels and templates"><table class="table cards">
    <thead><tr><th scope="col">Template</th><th scope="col">Channel</th>${isSplit && html`<th scope="col">Group</th>`}
      <th scope="col">Send time</th><th scope="col" class="right">Recipients</th>
      ${names.map(name => html`<th scope="col" class="right" key=${name}>${capital(name)}</th>`)}</tr></thead>
    <tbody>${report.executions.map(execution => html`<tr key=${`${execution.channel} ${execution.template} ${execution.group}`}>
      <th scope="row">${execution.title}<small>${execution.name === null ? "no longer on the channel" : `${execution.template}`}</small></th>
      <td data-label="Channel">${channelText(execution.channel, channels)}${execution.app ? ` · app ${execution.app}` : ""}</td>
      ${isSplit && html`<td data-label="Group">${String.fromCharCode(64 + execution.group)}</td>`}
      <td data-label="Send time">${execution.scheduled_time ? time(execution.scheduled_time) : "at once"}</td>
      <td data-label="Recipients" class="right">${count(execution.recipients)}</td>
      ${names.map(name => html`<td key=${name} data-label=${capital(name)} class="right">${count(valueOf(execution, name))}</td>`)}
    </tr>`)}</tbody>
  </table><//>`;
}

function Notifications({webhooks}) {
  return html`<${Panel} title="Events to the bridge">
    ${webhooks.length === 0 && html`<${Empty} title="No event yet">
      Optimove notifies the listeners of the channel. The bridge registers them with RegisterEventListener.<//>`}
    <ul class="plain">${webhooks.slice(-20).map(webhook => html`<${Notification} key=${webhook.key} webhook=${webhook} />`)}</ul>
    ${webhooks.length > 20 && html`<p class="soft">The newest 20 of ${count(webhooks.length)}.${" "}
      <a href=${href("webhooks", {service: "optimove"})}>All webhooks</a></p>`}
  <//>`;
}

function Notification({webhook}) {
  const {service, key} = webhook;
  const resend = () => attempt(() => api.post("webhooks/resend", {service, key}), "It is being sent again");
  return html`<li class="notification">
    <div><b>${eventName(webhook.event)}</b> <${Acknowledged} webhook=${webhook} />
      ${webhook.about.customer && html` <a href=${href("customers", {}, webhook.about.customer)}>${webhook.about.customer}</a>`}</div>
    <${Attempts} attempts=${webhook.attempts} />
    <button type="button" class="quiet" onClick=${resend}>Send again</button>
  </li>`;
}

/** Show what changed for the campaign's customers, and what was reported day by day. */
function Changes({report, channels}) {
  const {clearance, preferences, attributes, interactions, engagement} = report;
  const optOuts = preferences.filter(item => item.opted_out).reduce((sum, item) => sum + item.customers, 0);
  const facts = [
    ["Clearance", clearance && `${plural(clearance.cleared, "customer")} cleared, ${clearance.closed ? "closed" : `open until ${exact(clearance.required_by)}`}`],
    ["Opt-outs reported", optOuts ? plural(optOuts, "customer") : null],
    ...attributes.map(({name, customers}) => [`${name} changed`, plural(customers, "customer")]),
    ...engagement.map(({service, event, events}) => [`${capital(event)} (${service})`, plural(events, "event")]),
  ].filter(([, content]) => content);
  if (!facts.length && !interactions.length) return null;
  return html`<${Panel} title="Reported about its customers">
    <${Facts} facts=${facts} />
    ${interactions.length > 0 && html`<table class="table cards"><thead><tr><th scope="col">Interaction</th><th scope="col">Day</th>
      <th scope="col">Channel</th><th scope="col">Template</th><th scope="col" class="right">Customers</th></tr></thead>
      <tbody>${interactions.map((item, index) => html`<tr key=${index}>
        <th scope="row">${/^\d+$/.test(item.name) ? `Event ${item.name}` : capital(item.name)}</th><td data-label="Day">${item.date}</td>
        <td data-label="Channel">${channelText(item.channel, channels)}</td>
        <td data-label="Template">${titleOf(report, item)}</td>
        <td data-label="Customers" class="right">${count(item.customers)}</td></tr>`)}
      </tbody></table>`}
  <//>`;
}

const titleOf = ({executions}, {template}) => executions.find(execution => execution.template === template)?.title ?? template;
