// Campaigns as Optimove's screens list them: state, channel, target group and results.

import { api } from "../api.js";
import { useClock, useLive } from "../live.js";
import { CampaignState, channelText, Delivered } from "../parts/campaign_facts.js";
import { count, time } from "../parts/format.js";
import { go, href, setQuery } from "../parts/links.js";
import { useSandbox } from "../parts/sandbox.js";
import { useKey } from "../parts/shortcuts.js";
import { Screen } from "../parts/screen.js";
import { Empty, Loaded } from "../parts/state.js";
import { html } from "../vendor/htm-preact.js";
import { CampaignView } from "./campaign.js";
import { ScheduleView } from "./schedule.js";
import { TemplatesView } from "./templates.js";

const KINDS = [["", "All"], ["scheduled", "Scheduled"], ["triggered", "Triggered"]];

function View({path, params}) {
  useKey("+", "Schedule a campaign", () => go("campaigns", {}, "new"));
  const [place] = path;
  if (place === "new") return html`<${ScheduleView} params=${params} />`;
  if (place === "templates") return html`<${TemplatesView} />`;
  if (place) return html`<${CampaignView} id=${Number(place)} />`;
  return html`<${CampaignList} params=${params} />`;
}

export const screen = {route: "campaigns", title: "Campaigns", key: "c", count: "campaigns", View};

function CampaignList({params}) {
  const {channels} = useSandbox();
  const {data, error} = useLive(() => api.get("campaigns"), ["campaigns", "messages", "triggers", "clock"]);
  const actions = html`<a class="button" href=${href("campaigns", {}, "templates")}>Templates</a>
    <a class="button primary" href=${href("campaigns", {}, "new")}>Schedule campaign</a>`;
  return html`<${Screen} title="Campaigns" filters=${html`<${Filters} params=${params} />`} actions=${actions}>
    <div class="scroll"><${Loaded} data=${data} error=${error}>${campaigns => html`
      <${CampaignTable} campaigns=${campaigns.filter(campaign => matches(campaign, params))} channels=${channels}
        isFiltered=${Boolean(params.kind || params.search)} />`}<//></div>
  <//>`;
}

function Filters({params}) {
  return html`
    <div class="group" role="group" aria-label="Kind of campaign">${KINDS.map(([kind, label]) => html`
      <button type="button" key=${kind} aria-pressed=${(params.kind ?? "") === kind}
        onClick=${() => setQuery({kind: kind || null})}>${label}</button>`)}
    </div>
    <input type="search" class="search" data-search aria-label="Search campaigns" placeholder="Name or id" value=${params.search ?? ""}
      onInput=${event => setQuery({search: event.target.value || null})} />`;
}

function matches({name, campaign, kind}, params) {
  const words = (params.search ?? "").toLowerCase();
  return (!params.kind || kind === params.kind) && `${name} ${campaign}`.toLowerCase().includes(words);
}

function CampaignTable({campaigns, channels, isFiltered}) {
  const clock = useClock();
  if (!campaigns.length && isFiltered) return html`<${Empty} title="No campaign matches">Change the kind or the search.<//>`;
  if (!campaigns.length) {
    return html`<${Empty} title="No campaign yet">
      <a href=${href("campaigns", {}, "new")}>Schedule a campaign</a>, or <a href=${href("triggers")}>define a trigger</a>.
    <//>`;
  }
  return html`<div class="panel"><table class="table cards">
    <thead><tr>
      <th scope="col">Campaign</th><th scope="col">Status</th><th scope="col">Channel</th>
      <th scope="col" class="right">Target group</th><th scope="col" class="right">Recipients</th>
      <th scope="col" class="right">Sent</th><th scope="col">Delivered</th><th scope="col">Send time</th>
    </tr></thead>
    <tbody>${campaigns.map(campaign => html`<${CampaignRow} key=${campaign.campaign} campaign=${campaign} channels=${channels} now=${clock?.now} />`)}
    </tbody>
  </table></div>`;
}

function sendTimes({kind, scheduled_times: times}) {
  if (kind === "triggered") return "at once";
  return html`${time(times[0])}${times.length > 1 && html`<small>to ${time(times.at(-1))}</small>`}`;
}

function CampaignRow({campaign, channels, now}) {
  const {campaign: id, name, kind, target_group: group, metrics} = campaign;
  const names = campaign.channels.map(channel => channelText(channel, channels)).join(", ");
  return html`<tr>
    <th scope="row"><a href=${href("campaigns", {}, id)}>${name}</a><small>${id}${kind === "triggered" ? " · triggered" : ""}</small></th>
    <td data-label="Status"><${CampaignState} campaign=${campaign} now=${now} /></td>
    <td data-label="Channel">${names}</td>
    <td data-label="Target group" class="right">${group ? count(group.customers) : "–"}</td>
    <td data-label="Recipients" class="right">${count(campaign.recipients)}</td>
    <td data-label="Sent" class="right">${count(metrics.sent)}</td>
    <td data-label="Delivered"><${Delivered} metrics=${metrics} /></td>
    <td data-label="Send time">${sendTimes(campaign)}</td>
  </tr>`;
}
