// Triggers: who gets a message when, a form for new ones, and events of customers to fire them.

import { api } from "../api.js";
import { useLive } from "../live.js";
import { channelText, criteriaText } from "../parts/campaign_facts.js";
import { count } from "../parts/format.js";
import { go, href } from "../parts/links.js";
import { useSandbox } from "../parts/sandbox.js";
import { useKey } from "../parts/shortcuts.js";
import { Panel, Screen } from "../parts/screen.js";
import { Badge, Empty, Loaded } from "../parts/state.js";
import { html } from "../vendor/htm-preact.js";
import { FireEvents } from "./fire_events.js";
import { DefineTrigger } from "./define_trigger.js";

function View({path, params}) {
  const sandbox = useSandbox();
  useKey("+", "Define a trigger", () => go("triggers", {}, "new"));
  const {data, error} = useLive(() => api.get("triggers"), ["triggers"]);
  if (path[0] === "new") return data && html`<${DefineTrigger} sandbox=${sandbox} triggers=${data} />`;
  const actions = html`<a class="button primary" href=${href("triggers", {}, "new")}>Define trigger</a>`;
  return html`<${Screen} title="Triggers" actions=${actions}>
    <div class="scroll"><div class="columns">
      <div class="stack"><${Loaded} data=${data} error=${error}>${triggers => triggers.length
        ? triggers.map(trigger => html`<${TriggerCard} key=${trigger.trigger} trigger=${trigger} channels=${sandbox.channels} />`)
        : html`<${Empty} title="No trigger yet">A trigger sends a message to each customer who meets its criteria.${" "}
            <a href=${href("triggers", {}, "new")}>Define one</a>.<//>`}
      <//></div>
      <${Panel} title="Record customer events" note="what a website or app would report">
        <${FireEvents} triggers=${data ?? []} chosen=${params.trigger} customer=${params.customer} />
      <//>
    </div></div>
  <//>`;
}

export const screen = {route: "triggers", title: "Triggers", key: "t", count: "triggers", View};

function TriggerCard({trigger, channels}) {
  const {trigger: name, campaign, channel, template, criteria, exclude, repeat, fired} = trigger;
  return html`<article class="panel trigger"><header><h2>${name}</h2>
      <${Badge} tone=${fired ? "good" : "plain"}>${fired ? fired === 1 ? "fired once" : `fired ${count(fired)} times` : "not fired yet"}<//>
      <span class="spacer"></span>
      <button type="button" class="small" onClick=${() => go("triggers", {trigger: name})}>Fire</button></header>
    <div class="body stack"><p class="when">When a customer has <b>${criteriaText(criteria)}</b>${repeat ? ", each time" : ", once"}</p>
      <p>they get <b>${template.title}</b> on channel ${channelText(channel, channels)}.</p>
      <p class="line faint"><a href=${href("campaigns", {}, campaign)}>Campaign ${campaign}</a>
        <a href=${href("outbox", {campaign})}>Messages</a>
        ${exclude.length > 0 && html`<span title=${exclude.join(", ")}>leaves out ${count(exclude.length)} of the customer's data</span>`}</p>
    </div></article>`;
}
