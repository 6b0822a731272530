// Templates of the providers, and the channels on which the bridge has listed them.

import { api } from "../api.js";
import { touch, useLive } from "../live.js";
import { AreaField, Form, SelectField, TextField } from "../parts/form.js";
import { messagesOf, TYPES } from "../parts/campaign_facts.js";
import { href } from "../parts/links.js";
import { partsText } from "../parts/phone.js";
import { useSandbox } from "../parts/sandbox.js";
import { Panel, Screen } from "../parts/screen.js";
import { Badge, Empty, Loaded } from "../parts/state.js";
import { attempt } from "../parts/toasts.js";
import { headingName, readable, typeOf } from "../parts/templates.js";
import { html, useState } from "../vendor/htm-preact.js";

/** Show the templates of all providers of the channels. */
export function TemplatesView() {
  const {channels} = useSandbox();
  const providers = [...new Set(channels.map(channel => channel.provider))];
  const {data, error} = useLive(() => loadAll(providers), ["templates", "requests"], [providers.join()]);
  const [edited, setEdited] = useState(null);
  const actions = html`<button type="button" class="primary" onClick=${() => setEdited({title: "", body: ""})}>New template</button>`;
  return html`<${Screen} title="Templates" crumbs=${html`<a href=${href("campaigns")}>Campaigns</a> / templates`} actions=${actions}>
    <div class="scroll"><div class="stack"><p class="soft">You write templates at the provider. The bridge then lists them on its channels in Optimove.</p>
    ${edited && html`<${Panel} title=${edited.id === undefined ? "New template" : edited.title}><${TemplateForm} key=${edited.id ?? "new"} template=${edited} providers=${providers}
      onDone=${() => setEdited(null)} /><//>`}
    <${Loaded} data=${data} error=${error}>${({templates, onChannel}) => templates.length === 0
      ? html`<${Empty} title="No template yet">Write one with New template.<//>`
      : html`<div class="panel"><table class="table cards"><thead><tr><th scope="col">Template</th><th scope="col">Text</th><th scope="col">Listed on channel</th>
        <th scope="col"><span class="hidden-text">Actions</span></th></tr></thead>
        <tbody>${templates.map(template => html`<${TemplateRow} key=${`${template.provider} ${template.id}`} template=${template} onEdit=${setEdited}
          listed=${channels.filter(({id, provider}) => provider === template.provider && isOn(template, onChannel[id] ?? []))} />`)}</tbody></table></div>`}
    <//></div></div>
  <//>`;
}

async function loadAll(providers) {
  const [state, ...lists] = await Promise.all([api.get("state"), ...providers.map(name => api.get(`providers/${name}/templates`))]);
  const templates = lists.flatMap((list, index) => list.map(template => ({...template, provider: providers[index]})));
  return {templates, onChannel: state.channel_templates};
}

const isOn = ({id, title}, listed) => listed.some(item => String(item.id) === String(id) || (item.name ?? "").includes(title));

function TemplateRow({template, listed, onEdit}) {
  const {provider, id, title, body, heading} = template;
  const type = typeOf(template);
  const remove = () => attempt(() => api.delete(`providers/${provider}/templates/${encodeURIComponent(id)}`), `${title} is deleted`).then(() => touch("templates"));
  return html`<tr>
    <th scope="row">${title}<small>${provider} · ${id}</small></th>
    <td data-label="Text" class="text">${heading && html`<b>${readable(heading)}</b><br />`}${readable(body)}
      <small>${type === "sms" ? partsText(readable(body)) : TYPES[type]}</small></td>
    <td data-label="Listed on channel"><span class="line">${listed.length
      ? listed.map(channel => html`<${Badge} key=${channel.id} tone="good">${channel.id}<//>`)
      : html`<${Badge} tone="wait" title="The bridge adds it with AddChannelTemplates">not yet<//>`}</span></td>
    <td class="row-actions"><button type="button" class="quiet" onClick=${() => onEdit(template)}>Edit</button>
      <button type="button" class="quiet" onClick=${remove}>Delete</button></td>
  </tr>`;
}

function TemplateForm({template, providers, onDone}) {
  const isNew = template.id === undefined;
  const {channels} = useSandbox();
  const [fields, setFields] = useState({provider: template.provider, title: template.title, body: readable(template.body), heading: "", message: template.message});
  const change = changed => setFields(old => ({...old, ...changed}));
  // The form may be open before the channels, and so the providers, are loaded.
  const {provider = providers[0], title, body, heading} = fields;
  const types = [...new Set(channels.filter(channel => channel.provider === provider).map(typeOf))];
  const type = isNew && !types.includes(fields.message) ? types[0] ?? "sms" : typeOf(fields);
  const save = async () => {
    const content = type === "sms" ? {title, body} : {title, body, message: type, ...(heading && {heading})};
    if (isNew) await api.post(`providers/${provider}/templates`, [content]);
    else await api.patch(`providers/${provider}/templates/${encodeURIComponent(template.id)}`, {title, body});
    touch("templates");
    onDone();
  };
  return html`<${Form} label="Template" submit="Save template" onSubmit=${save} onCancel=${onDone}>
    <div class="fields">
      <${SelectField} label="Provider" value=${provider} options=${providers} disabled=${!isNew} onChange=${name => change({provider: name})} />
      ${isNew && types.length > 1 && html`<${SelectField} label="Messages" value=${type} options=${types.map(name => [name, messagesOf(name)])} onChange=${message => change({message})} />`}
      <${TextField} label="Title" required maxlength="200" value=${title} onChange=${text => change({title: text})} />
    </div>
    ${isNew && type !== "sms" && html`<${TextField} label=${headingName(type)} required=${type === "email"} maxlength="200" value=${heading} onChange=${text => change({heading: text})} />`}
    <${AreaField} label=${type === "email" ? "HTML" : "Text"} required maxlength=${type === "email" ? "100000" : "2000"} value=${body} onChange=${text => change({body: text})}
      hint=${`Placeholders such as {{FIRST_NAME}}.${type === "sms" ? ` ${partsText(body)} before they are filled in.` : ""}`} />
  <//>`;
}
