// A small bridge from Optimove to Textlocal, with Node 18 or later alone.
// --- 1. Webhooks, jobs and time
const fs = require("fs");
const http = require("http");

const handover = JSON.parse(fs.readFileSync(process.env.SENDPROOF_HANDOVER));
const { optimove, textlocal } = handover.services;
const channel = handover.channels[0].id, token = handover.webhook_token, { host, port } = handover.listen;
const myUrl = `http://${host}:${port}/${token}`;

const jobs = []; // [due, function]; a time is text in UTC, as Optimove writes it: "2026-03-02 09:00:00"
const webhooks = {}; // the function for each path
const START = "";

async function call(url, body, headers) {
  const reply = await fetch(url, { method: body === undefined ? "GET" : "POST", body, headers });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${url}: ${reply.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

const server = http.createServer(async (request, response) => {
  let body = "";
  for await (const part of request.setEncoding("utf8")) body += part;
  const handle = webhooks[request.url];
  if (handle) handle(body);
  response.writeHead(handle ? 200 : 404).end();
});

// Do all that is due, and return when the next job is due.
async function work(isoNow) {
  const now = isoNow.slice(0, 19).replace("T", " ");
  const first = () => jobs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))[0];
  while (first() && first()[0] <= now) await jobs.shift()[1](now);
  return first() ? first()[0].replace(" ", "T") + "Z" : null;
}

async function liveBy(clockUrl) {
  let seen = await call(clockUrl);
  for (;;) {
    const until = await work(seen.now);
    const parked = { participant: "bridge", until, since: seen.delivered };
    seen = await call(`${clockUrl}/park`, JSON.stringify(parked), { "Content-Type": "application/json" });
  }
}

// --- 2. Templates and listener
function toOptimove(path, query = {}, body = undefined) {
  const headers = { "X-API-KEY": optimove.credentials.api_key, "Content-Type": "application/json" };
  return call(`${optimove.url}/current/${path}?${new URLSearchParams(query)}`, body && JSON.stringify(body), headers);
}

function toTextlocal(command, form = {}) {
  return call(`${textlocal.url}/${command}/`, new URLSearchParams({ ...form, apikey: textlocal.credentials.apikey }));
}

const templates = async () => (await toTextlocal("get_templates")).templates;

async function connect() {
  const rows = (await templates()).map(({ id, title }) => ({ TemplateID: Number(id), TemplateName: title }));
  await toOptimove("integrations/AddChannelTemplates", { ChannelID: channel }, rows);
  const listener = { EventTypeID: 13, ChannelID: channel, ListenerURL: `${myUrl}/events` };
  await toOptimove("general/RegisterEventListener", {}, listener);
}

jobs.push([START, connect]);

// --- 3. The campaign
const PLACEHOLDER = /%%\|(\w+)(?:\^\{.*?\})?%%/g;
const PHONE = handover.attributes.phone;
const messages = []; // {template, number, text, at, state}: pending, sent, delivered, failed or dropped
const followUps = []; // [minutes after the send time, function]

function onEvent(body) {
  const fields = Object.entries(JSON.parse(body)).map(([name, value]) => [name.toLowerCase(), value]);
  const event = Object.fromEntries(fields);
  if (event.eventtypeid === 13) jobs.push([START, () => readPage(event.campaignid, 0)]);
}

async function readPage(campaign, skip) {
  const texts = Object.fromEntries((await templates()).map(({ id, body }) => [id, body]));
  const used = [...Object.values(texts).join(" ").matchAll(PLACEHOLDER)].map((match) => match[1]);
  const names = [...new Set([PHONE, ...used])];
  const query = { CampaignID: campaign, ChannelID: channel, CustomerAttributes: names.join(";") };
  const part = { $top: 10000, $skip: skip };
  const rows = await toOptimove("customers/GetCustomerSendDetailsByChannel", { ...query, ...part });
  for (const { TemplateID: template, ScheduledTime: at, CustomerAttributes: attributes } of rows) {
    const values = Object.fromEntries(names.map((name, index) => [name, attributes[index]]));
    const text = texts[template].replace(PLACEHOLDER, (_, name) => values[name] ?? "");
    const number = international(values[PHONE]);
    messages.push({ template, number, text, at, state: number ? "pending" : "dropped" });
  }
  for (const at of new Set(rows.map((row) => row.ScheduledTime))) {
    jobs.push([at, () => send(at)]);
    for (const [minutes, task] of followUps) jobs.push([later(at, minutes), (now) => task(now, campaign, at)]);
  }
  if (rows.length === 10000) jobs.push([START, () => readPage(campaign, skip + 10000)]);
}

// Return digits with the country code of Great Britain, or null.
function international(number) {
  const digits = (number ?? "").replace(/[^\d+]/g, "").replace(/^(\+|00)/, "").replace(/^0/, "44");
  return /^447\d{9}$/.test(digits) ? digits : null;
}

function later(time, minutes) {
  const moved = Date.parse(time.replace(" ", "T") + "Z") + minutes * 60_000;
  return new Date(moved).toISOString().slice(0, 19).replace("T", " ");
}

async function send(at) {
  const optedOut = new Set((await toTextlocal("get_optouts")).optouts.map((row) => String(row.number)));
  const due = messages.filter((message) => message.state === "pending" && message.at === at);
  for (const message of due) message.state = optedOut.has(message.number) ? "dropped" : "sent";
  const sent = due.filter((message) => message.state === "sent");
  for (let start = 0; start < sent.length; start += 500) {
    const part = sent.slice(start, start + 500).map(({ number, text }) => ({ number, text }));
    const unicode = part.some(({ text }) => /[^\x00-\x7f]/.test(text));
    const data = { sender: handover.sender, messages: part, receiptUrl: `${myUrl}/receipts`, unicode };
    await toTextlocal("bulk_json", { data: JSON.stringify(data) });
  }
}

webhooks[`/${token}/events`] = onEvent;

// --- 4. The reports
const METRICS = { 0: ["sent", "delivered", "failed"], 1: ["delivered"], 5: ["dropped"], 9: ["failed"] };
const STATES = { D: "delivered", U: "failed", I: "failed", E: "failed" };

function onReceipt(body) {
  const form = new URLSearchParams(body), state = STATES[form.get("status")];
  for (const message of messages)
    if (state && message.number === form.get("number") && message.state === "sent") message.state = state;
}

async function report(now, campaign, at) {
  const ids = [...new Set(messages.map((message) => message.template))];
  const count = (id, states) =>
    messages.filter(({ template, state }) => template === id && states.includes(state)).length;
  const items = ids.flatMap((id) =>
    Object.entries(METRICS).map(([metric, states]) => ({
      ChannelID: channel, CampaignID: campaign, TemplateID: id,
      MetricID: Number(metric), MetricValue: count(id, states),
    })),
  );
  await toOptimove("integrations/UpdateCampaignMetrics", {}, items);
  const next = later(now, 6 * 60);
  if (next <= later(at, 7 * 24 * 60)) jobs.push([next, (now) => report(now, campaign, at)]);
}

webhooks[`/${token}/receipts`] = onReceipt;
followUps.push([15, report]);

// --- 5. Start
server.listen(port, host, () => liveBy(handover.clock_url));
