// A bridge from Optimove to Textlocal in one file, for Node 18 or later, without packages.
//
// From top to bottom: settings, storage, clock, Optimove, Textlocal, jobs, webhooks. It polls: every few seconds it does
// the jobs that are due. Times are text in UTC, as Optimove writes them ("2026-03-02 09:00:00"), and sort as text.
"use strict";
const fs = require("fs");
const http = require("http");
const path = require("path");

// ---- settings
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const HANDOVER = process.env.SENDPROOF_HANDOVER;
const LOOP_MS = 1000 * Number(process.env.NODE_BRIDGE_LOOP || 2);
const WRITE_MS = 1000 * Number(process.env.NODE_BRIDGE_WRITE || 0);
const IS_VIRTUAL = process.env.NODE_BRIDGE_CLOCK === "virtual";
const FOLDER = process.env.NODE_BRIDGE_FOLDER || path.join(path.dirname(HANDOVER), "node_bridge");
let settings, optimoveApi, textlocalApi, channels, phone, consent, required, myUrl;

function useHandover() {
  settings = JSON.parse(fs.readFileSync(HANDOVER));
  ({ optimove: optimoveApi, textlocal: textlocalApi } = settings.services);
  channels = settings.channels.filter((channel) => channel.provider === "textlocal");
  ({ phone, consent } = settings.attributes);
  // Without the client's wish, only Textlocal keeps opt-outs.
  required = settings.bridge?.consent === "attribute" ? [phone, consent] : [phone];
  // Without the token, every request gets a 404.
  myUrl = `http://${settings.listen.host}:${settings.listen.port}/${settings.webhook_token}`;
}

// ---- storage: a file of changes, one line of JSON each, that is replayed at the start
const LOG = path.join(FOLDER, "changes.ndjson");
const jobs = new Map(); // id: {id, kind, payload, due}; due null: done
const messages = new Map(); // id: {campaign, channel, template, number, text, batch, state}
const batches = new Map(); // batch: messages

// Existing ids stay unchanged, so a repeated event has no effect.
const changes = {
  job: (job) => {
    const known = jobs.get(job.id);
    if (!known) jobs.set(job.id, { ...job });
    // the week of reports begins again with each message of a trigger
    else if (job.payload.until > known.payload.until) Object.assign(known, { payload: job.payload, due: known.due ?? job.due });
  },
  due: ({ id, due }) => (jobs.get(id).due = due),
  message: (message) => {
    if (messages.has(message.id)) return;
    messages.set(message.id, message);
    batches.set(message.batch, [...(batches.get(message.batch) || []), message]);
  },
  // pending, sending, sent, delivered, failed; or dropped
  state: ({ batch, numbers, from, to }) => {
    for (const message of batches.get(batch) || [])
      if (from.includes(message.state) && (!numbers || numbers.includes(message.number))) message.state = to;
  },
};

// All changes of one call are on disk before it returns.
function store(...list) {
  fs.appendFileSync(LOG, list.map((change) => JSON.stringify(change) + "\n").join(""), { flush: true });
  for (const [kind, values] of list) changes[kind](values);
}

function replay() {
  const lines = fs.existsSync(LOG) ? fs.readFileSync(LOG, "utf8").split("\n") : [];
  for (const line of lines.filter(Boolean)) {
    const [kind, values] = JSON.parse(line);
    changes[kind](values);
  }
}

// ---- clock
const asTime = (date) => date.toISOString().slice(0, 19).replace("T", " ");
const later = (time, seconds) => asTime(new Date(Date.parse(time.replace(" ", "T") + "Z") + 1000 * seconds));
const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

async function liveBy(clockUrl, work, name = "bridge") {
  let seen = await (await fetch(clockUrl)).json();
  for (;;) {
    // `seen` is from before the look for work: what arrives during it ends the park at once.
    const until = await work(seen.now);
    const body = JSON.stringify({ participant: name, until: until ?? null, since: seen.delivered });
    const headers = { "Content-Type": "application/json" };
    const reply = await fetch(`${clockUrl}/park`, { method: "POST", headers, body });
    if (!reply.ok) throw new Error(`park: ${reply.status} ${await reply.text()}`);
    seen = await reply.json();
  }
}

async function poll() {
  for (;;) {
    while (await runNextJob(asTime(new Date()))) continue;
    await pause(LOOP_MS);
  }
}

// ---- Optimove: at most 50 calls in 10 seconds, 10,000 rows per page, 100 templates or metrics per call
const recentCalls = { optimove: [], textlocal: [] };
const LIMITS = { optimove: [50, 11], textlocal: [10, 2] }; // calls, and seconds: one more than needed
const PAGE_SIZE = 10000, ITEMS_PER_CALL = 100, BATCH_SIZE = 500;
const TRIGGERED = 11, EXECUTED = 13; // event types
const METRICS = { 0: ["sending", "sent", "delivered", "failed"], 1: ["delivered"], 5: ["dropped"], 9: ["failed"] };

function checkRateLimit(now, service) {
  const calls = recentCalls[service], [most, seconds] = LIMITS[service];
  if (calls.length === most && later(calls[0], seconds) > now) throw new LimitError(`${service} accepts no more calls`);
  calls.push(now);
  if (calls.length > most) calls.shift();
}

class RefusedError extends Error {} // the call had no effect
class LimitError extends RefusedError {} // there was no call
class RejectedError extends Error {} // the request is wrong; repeating it changes nothing

async function optimove(now, method, path, query = {}, body = undefined) {
  checkRateLimit(now, "optimove");
  const headers = { "X-API-KEY": optimoveApi.credentials.api_key, "Content-Type": "application/json" };
  const url = `${optimoveApi.url}/current/${path}?${new URLSearchParams(query)}`;
  const reply = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await reply.text();
  if (method === "GET" && reply.status === 404) return []; // possible for an empty list
  if ([400, 403, 404].includes(reply.status)) throw new RejectedError(`${path}: ${reply.status} ${text}`);
  if (!reply.ok) throw new Error(`${path}: ${reply.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

function chunks(items, size) {
  const parts = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}

// ---- Textlocal: at most 500 messages with individual texts per call
const PLACEHOLDER = /%%\|(\w+)(?:\^\{.*?\})?%%/g;
const isAscii = (text) => !/[^\x00-\x7f]/.test(text);

async function textlocal(now, command, form = {}) {
  checkRateLimit(now, "textlocal");
  const body = new URLSearchParams({ ...form, apikey: textlocalApi.credentials.apikey });
  const reply = await fetch(`${textlocalApi.url}/${command}/`, { method: "POST", body });
  const isRefused = reply.status >= 400 && reply.status < 500;
  if (!reply.ok) throw new (isRefused ? RefusedError : Error)(`${command}: ${reply.status} ${await reply.text()}`);
  return reply.json();
}

async function templatesById(now) {
  const { templates } = await textlocal(now, "get_templates");
  return new Map(templates.map((template) => [String(template.id), template]));
}

// Return the numbers that opted out at Textlocal, which sends to them unless the caller leaves them out.
const optOuts = { validUntil: "", numbers: [] };

async function optedOutNumbers(now) {
  if (optOuts.validUntil > now) return optOuts.numbers;
  const { optouts } = await textlocal(now, "get_optouts");
  return Object.assign(optOuts, { validUntil: later(now, MINUTE), numbers: optouts.map((row) => String(row.number)) }).numbers;
}

// Return digits with the country code, or null. Only British mobile numbers are certain; others need a country code.
function internationalNumber(raw) {
  let digits = (raw || "").trim().replace(/[^\d+]/g, "");
  if (digits.startsWith("+")) digits = digits.slice(1);
  else if (digits.startsWith("00")) digits = digits.slice(2);
  else if (digits.startsWith("0")) digits = "44" + digits.slice(1);
  if (digits.startsWith("44")) return /^447\d{9}$/.test(digits) ? digits : null;
  return /^[1-9]\d{9,14}$/.test(digits) ? digits : null;
}

function personalized(body, attributes) {
  const text = body.replace(PLACEHOLDER, (_, name) => attributes[name] ?? "");
  const consents = !required.includes(consent) || ["1", "true", "yes"].includes(String(attributes[consent]).toLowerCase());
  const number = consents ? internationalNumber(attributes[phone]) : null;
  return { text, number, state: number ? "pending" : "dropped" };
}

const namesIn = (bodies) => [...bodies.join(" ").matchAll(PLACEHOLDER)].map((match) => match[1]);

// ---- jobs: each works at `now`, and returns when to run again, or null
async function connect(now) {
  const templates = await templatesById(now);
  for (const { id: ChannelID, kind } of channels) {
    const EventTypeID = kind === "triggered" ? TRIGGERED : EXECUTED;
    const listener = { EventTypeID, ListenerURL: `${myUrl}/events`, ChannelID };
    await optimove(now, "POST", "general/RegisterEventListener", {}, listener);
    const listed = await optimove(now, "GET", "integrations/GetChannelTemplates", { ChannelID });
    const names = new Map(listed.map((row) => [String(row.TemplateID), row.TemplateName]));
    const added = [...templates.values()].filter((template) => names.get(String(template.id)) !== template.title);
    for (const part of chunks(added, ITEMS_PER_CALL)) {
      const rows = part.map((template) => ({ TemplateID: Number(template.id), TemplateName: template.title }));
      await optimove(now, "POST", "integrations/AddChannelTemplates", { ChannelID }, rows);
    }
    const deleted = [...names.keys()].filter((id) => !templates.has(id));
    for (const part of chunks(deleted, ITEMS_PER_CALL)) {
      const rows = part.map((id) => ({ ChannelID, TemplateID: Number(id) }));
      await optimove(now, "POST", "integrations/DeleteChannelTemplates", {}, rows);
    }
  }
  return later(now, 30 * MINUTE);
}

const pageJob = (campaign, channel, skip) =>
  ["job", { id: `page:${campaign}:${channel}:${skip}`, kind: "page", due: "", payload: { campaign, channel, skip } }];

const metricsJob = (campaign, channel, start) =>
  ["job", {
    id: `metrics:${campaign}:${channel}`, kind: "metrics", due: later(start, 15 * MINUTE),
    payload: { campaign, channel, until: later(start, 7 * DAY) },
  }];

async function page(now, { campaign, channel, skip }) {
  const templates = await templatesById(now);
  const names = [...new Set([...required, ...namesIn([...templates.values()].map((template) => template.body))])];
  const query = { CampaignID: campaign, ChannelID: channel, CustomerAttributes: names.join(";") };
  const rows = await optimove(now, "GET", "customers/GetCustomerSendDetailsByChannel", { ...query, $top: PAGE_SIZE, $skip: skip });
  const groups = new Map(); // a batch has one send time; one letter outside ASCII makes all of it cost more
  for (const row of rows) {
    const attributes = Object.fromEntries(names.map((name, index) => [name, row.CustomerAttributes[index]]));
    const result = personalized(templates.get(String(row.TemplateID)).body, attributes);
    const id = `${campaign}:${channel}:${row.CustomerID}`;
    const key = `${row.ScheduledTime} ${isAscii(result.text)}`;
    if (!groups.has(key)) groups.set(key, { due: row.ScheduledTime, list: [] });
    groups.get(key).list.push({ id, campaign, channel, template: row.TemplateID, ...result });
  }
  const list = [];
  for (const { due, list: group } of groups.values())
    for (const part of chunks(group, BATCH_SIZE)) {
      const batch = `${campaign}-${channel}-${skip}-${list.length}`;
      list.push(...part.map((message) => ["message", { ...message, batch }]));
      list.push(["job", { id: `send:${batch}`, kind: "send", due, payload: { batch } }]);
    }
  if (rows.length) list.push(metricsJob(campaign, channel, [...groups.values()].map(({ due }) => due).sort()[0]));
  if (rows.length === PAGE_SIZE) list.push(pageJob(campaign, channel, skip + PAGE_SIZE));
  if (list.length) store(...list);
  return null;
}

async function trigger(now, { event }) {
  const template = (await templatesById(now)).get(String(event.templateid));
  if (!template) return null; // it was deleted, so its text is lost
  let attributes = event.values;
  if ([...required, ...namesIn([template.body])].some((name) => !(name in attributes)))
    attributes = { ...(await fetchAttributes(now, event.customerid)), ...attributes };
  const id = `trigger-${event.requestid}`, { campaignid: campaign, channelid: channel } = event;
  store(
    ["message", { id, campaign, channel, template: event.templateid, batch: id, ...personalized(template.body, attributes) }],
    ["job", { id: `send:${id}`, kind: "send", due: "", payload: { batch: id } }],
    // UpdateCampaignMetrics only takes whole numbers
    ...(Number.isInteger(campaign) ? [metricsJob(campaign, channel, now)] : []),
  );
  return null;
}

async function fetchAttributes(now, customer) {
  try {
    const rows = await optimove(now, "GET", `Customers/${encodeURIComponent(customer)}/Attributes`);
    return Object.fromEntries(rows.map((row) => [row.RealFieldName, row.Value]));
  } catch (error) {
    if (!(error instanceof RejectedError)) throw error;
    return {}; // the key has no permission, so attributes that are not in the event are unknown
  }
}

async function send(now, { batch }) {
  const numbers = await optedOutNumbers(now);
  store(["state", { batch, numbers, from: ["pending"], to: "dropped" }]);
  const pending = (batches.get(batch) || []).filter((message) => message.state === "pending");
  if (!pending.length) return null;
  const data = {
    sender: settings.sender,
    messages: pending.map(({ number, text }) => ({ number, text })),
    receiptUrl: `${myUrl}/receipts/${batch}`,
    unicode: !pending.every(({ text }) => isAscii(text)),
  };
  // On disk before the call: messages that are `sending` after a crash or a time-out are not sent again.
  store(["state", { batch, from: ["pending"], to: "sending" }]);
  let result;
  try {
    result = await textlocal(now, "bulk_json", { data: JSON.stringify(data) });
  } catch (error) {
    if (!(error instanceof RefusedError) && error.cause?.code !== "ECONNREFUSED") throw error;
    result = { errors: String(error) }; // nothing was sent
  }
  const sent = (result.messages || []).flatMap((part) => part.messages).map((message) => String(message.recipient));
  const refused = (result.messages_not_sent || []).map((message) => String(message.number));
  if (!sent.length && !refused.length) {
    store(["state", { batch, from: ["sending"], to: "pending" }]);
    throw new Error(JSON.stringify(result.errors));
  }
  store(
    ["state", { batch, numbers: sent, from: ["sending"], to: "sent" }],
    ["state", { batch, numbers: refused, from: ["sending"], to: "dropped" }],
  );
  return null;
}

async function metrics(now, { campaign, channel, until }) {
  const mine = [...messages.values()].filter((m) => m.campaign === campaign && m.channel === channel);
  const items = [...new Set(mine.map((message) => message.template))].flatMap((template) =>
    Object.entries(METRICS).map(([metric, states]) => ({
      ChannelID: channel, CampaignID: campaign, TemplateID: template, MetricID: Number(metric),
      MetricValue: mine.filter((message) => message.template === template && states.includes(message.state)).length,
    })),
  );
  for (const part of chunks(items, ITEMS_PER_CALL))
    await optimove(now, "POST", "integrations/UpdateCampaignMetrics", {}, part);
  const next = later(now, 6 * HOUR);
  return next <= until ? next : null;
}

const KINDS = { connect, page, trigger, send, metrics };

// Return the job that is due next, or undefined.
function nextJob() {
  const open = [...jobs.values()].filter((job) => job.due !== null);
  return open.reduce((first, job) => (first && first.due <= job.due ? first : job), undefined);
}

// Run the next job if it is due; return whether it was.
async function runNextJob(now) {
  const job = nextJob();
  if (!job || job.due > now) return false;
  let due;
  try {
    due = await KINDS[job.kind](now, job.payload);
  } catch (error) {
    console.error(`${job.id} ${error instanceof RejectedError ? "is given up" : "is retried"}:`, error.message);
    due = error instanceof RejectedError ? null : later(now, error instanceof LimitError ? 2 : 15);
  }
  if (WRITE_MS) await pause(WRITE_MS);
  store(["due", { id: job.id, due }]);
  return true;
}

// Run all due jobs; return when the next one is due.
async function work(isoNow) {
  while (await runNextJob(isoNow.slice(0, 19).replace("T", " "))) continue;
  return nextJob() ? nextJob().due.replace(" ", "T") + "Z" : null;
}

// ---- webhooks: store and acknowledge, nothing more; unusable requests are refused here, not retried forever
function parseId(fields, name) {
  const value = fields[name];
  if (!/^\d{1,15}$/.test(String(value))) throw new Error(`${name} is no id: ${value}`);
  return Number(value);
}

// Return the campaign of a trigger; the vendor's sample of event 11 has 2.38.
function parseCampaign(fields) {
  const value = String(fields.campaignid);
  return /^\d{1,9}\.\d{1,9}$/.test(value) ? value : parseId(fields, "campaignid");
}

// Return the change that an event requires, or null if this bridge does not support its type.
function jobOf(body) {
  const fields = Object.fromEntries(Object.entries(JSON.parse(body)).map(([name, value]) => [name.toLowerCase(), value]));
  const kind = "eventtypeid" in fields ? parseId(fields, "eventtypeid") : TRIGGERED;
  if (kind === EXECUTED) return pageJob(parseId(fields, "campaignid"), parseId(fields, "channelid"), 0);
  if (kind !== TRIGGERED) return null;
  const event = { requestid: String(fields.requestid), customerid: String(fields.customerid) };
  for (const name of ["channelid", "templateid"]) event[name] = parseId(fields, name);
  event.campaignid = parseCampaign(fields);
  event.values = Object.assign({}, ...Object.values(fields.personalization));
  for (const [name, value] of Object.entries(event.values)) if (typeof value === "number") event.values[name] = String(value);
  return ["job", { id: `trigger:${event.requestid}`, kind: "trigger", due: "", payload: { event } }];
}

const RECEIPT_STATES = { D: "delivered", U: "failed", I: "failed", E: "failed" };

function receive(url, body) {
  const [token, kind, batch] = url.split("/").slice(1);
  if (token !== settings.webhook_token) return 404;
  if (kind === "events") {
    let change;
    try {
      change = jobOf(body);
    } catch {
      return 400;
    }
    if (change) store(change);
    return 200;
  }
  if (kind !== "receipts") return 404;
  const form = new URLSearchParams(body), to = RECEIPT_STATES[form.get("status")] || "sent";
  store(["state", { batch, numbers: [form.get("number")], from: ["sending", "sent"], to }]);
  return 200;
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    response.statusCode = request.method === "POST" ? receive(request.url, Buffer.concat(parts).toString()) : 405;
    response.end();
  });
});

async function main() {
  while (!fs.existsSync(HANDOVER)) await pause(100); // if the bridge starts before the run
  useHandover();
  fs.mkdirSync(FOLDER, { recursive: true });
  replay();
  store(["job", { id: "connect", kind: "connect", due: "", payload: {} }], ["due", { id: "connect", due: "" }]);
  await new Promise((resolve) => server.listen(settings.listen.port, settings.listen.host, resolve));
  await (IS_VIRTUAL ? liveBy(settings.clock_url, work) : poll());
}

main();
