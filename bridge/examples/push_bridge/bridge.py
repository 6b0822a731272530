"""A bridge that sends push notifications from Optimove through Xtremepush, in one file, with requests and SQLite.

From top to bottom: settings, database, calls, jobs, webhooks, loop. All waiting work is rows of the table `job`. Times
are whole seconds since 1970.
"""

import json
import logging
import os
import re
import sqlite3
import threading
import time
from calendar import timegm
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests

LOG = logging.getLogger("push_bridge")

# ---- settings
HANDOVER = Path(os.environ["SENDPROOF_HANDOVER"])
while not HANDOVER.exists():  # if the bridge starts before the run
    time.sleep(0.1)
SETTINGS = json.loads(HANDOVER.read_text())
OPTIMOVE, XTREMEPUSH = SETTINGS["services"]["optimove"], SETTINGS["services"]["xtremepush"]
CHANNELS = {row["id"]: row["kind"] for row in SETTINGS["channels"] if row.get("message") == "push"}
CONSENT = SETTINGS["attributes"].get("push_consent")
CHECKS_CONSENT = SETTINGS.get("bridge", {}).get("consent") == "attribute"
HOST, PORT, TOKEN = SETTINGS["listen"]["host"], SETTINGS["listen"]["port"], SETTINGS["webhook_token"]
EVENTS = f"/{TOKEN}/events"
RESULTS = "/" + SETTINGS.get("account_webhooks", {}).get("xtremepush", "").partition("//")[2].partition("/")[2]
CLOCK_URL = SETTINGS.get("clock_url")
MINUTE, HOUR = 60, 3600
DAY = 24 * HOUR
TRIGGERED, EXECUTED = 11, 13  # event types
PAGE_SIZE, USERS_PER_CALL, ITEMS_PER_CALL, ROWS = 10_000, 200, 100, 1_000
SENT, DELIVERED, OPENED, UNSUBSCRIBED, DROPPED, BOUNCED = 0, 1, 2, 4, 5, 9
RESULT_EVENTS = {
    "message_delivery": DELIVERED,
    "message_open": OPENED,
    "message_unsubscribe": UNSUBSCRIBED,
    "message_error": BOUNCED,
}
PLACEHOLDER = re.compile(r"\{\{ ?(\w+) ?\}\}")

# ---- database: one connection, one thread at a time
DB = sqlite3.connect(os.environ.get("PUSH_BRIDGE_DATABASE", ""), check_same_thread=False)
LOCK, WAKE = threading.Lock(), threading.Event()
DB.executescript("""
    CREATE TABLE IF NOT EXISTS job (id TEXT PRIMARY KEY, kind TEXT, payload TEXT, due INTEGER);  -- due NULL: done
    CREATE TABLE IF NOT EXISTS message (batch TEXT, customer TEXT, campaign INTEGER, channel INTEGER, template INTEGER,
        params TEXT, state TEXT, PRIMARY KEY (batch, customer));  -- pending, sending, sent or dropped
    CREATE TABLE IF NOT EXISTS result (batch TEXT, customer TEXT, event INTEGER, day TEXT,
        PRIMARY KEY (batch, customer, event));
    CREATE TABLE IF NOT EXISTS reported (campaign INTEGER, channel INTEGER, template INTEGER, event INTEGER, day TEXT,
        customer TEXT, PRIMARY KEY (campaign, channel, template, event, day, customer));
""")


OUTCOMES = """
    SELECT template, state, customer FROM message
    WHERE campaign = ? AND channel = ? AND state IN ('sent', 'dropped')
"""
RESULTS_OF_SENT = """
    SELECT template, event, day, customer FROM message JOIN result USING (batch, customer)
    WHERE campaign = ? AND channel = ? AND state = 'sent'
"""
REPORTED = "SELECT template, event, customer FROM reported WHERE campaign = ? AND channel = ?"


def sql(statement, *values):
    with LOCK, DB:
        return DB.execute(statement, values).fetchall()


def add(jobs, messages=()):
    """Insert all or nothing. Existing ids stay unchanged, so a repeated event has no effect."""
    rows = [(id_, kind, json.dumps(payload), due) for id_, kind, due, payload in jobs]
    with LOCK, DB:
        DB.executemany("INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?)", messages)
        DB.executemany("INSERT OR IGNORE INTO job VALUES (?, ?, ?, ?)", rows)
    WAKE.set()


# ---- calls
def optimove(method, path, body=None, **query):
    url, headers = f"{OPTIMOVE['url']}/current/{path}", {"X-API-KEY": OPTIMOVE["credentials"]["api_key"]}
    response = requests.request(method, url, params=query, json=body, headers=headers, timeout=60)
    if method == "GET" and response.status_code == requests.codes.not_found:
        return []  # possible for an empty list
    response.raise_for_status()
    return response.json() if response.content else None


def xtremepush(path, **body):
    token = {"apptoken": XTREMEPUSH["credentials"]["apptoken"]}
    response = requests.post(f"{XTREMEPUSH['url']}/api/external/{path}", json=token | body, timeout=60)
    response.raise_for_status()
    reply = response.json()
    if not reply["success"]:
        raise requests.RequestException(f"{path}: {reply}")
    return reply


def list_all(model, condition):
    rows = []
    while True:
        part = xtremepush(f"list/{model}", condition=condition, order=["id ASC"], limit=ROWS, offset=len(rows))["data"]
        rows += part
        if len(part) < ROWS:
            return rows


def chunks(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


def templates():
    """Return title and placeholders of each template: a campaign with a push notification that the API may execute."""
    found = {}
    for row in list_all("campaign", [["trigger", "=", 3], ["sms", "=", 0]]):
        if row.get("ios_push") or row.get("android_push"):
            contents = xtremepush("info/campaign", id=row["id"])["model"]["messages"]
            texts = [contents[type_] for type_ in ("1", "2") if contents.get(type_)]
            words = " ".join(f"{text.get('push_title') or ''} {text.get('push_text') or ''}" for text in texts)
            found[int(row["id"])] = row["title"], list(dict.fromkeys(PLACEHOLDER.findall(words)))
    return found


# ---- jobs: each works at `now`, and returns when to run again, or None
def connect(now):
    titles = {template: title for template, (title, _) in templates().items()}
    for channel, kind in CHANNELS.items():
        listener = {"EventTypeID": TRIGGERED if kind == "triggered" else EXECUTED, "ChannelID": channel}
        url = f"http://{HOST}:{PORT}{EVENTS}"
        optimove("POST", "general/RegisterEventListener", listener | {"ListenerURL": url})
        known = optimove("GET", "integrations/GetChannelTemplates", ChannelID=channel) or []
        names = {row["TemplateID"]: row["TemplateName"] for row in known}
        new = [{"TemplateID": id_, "TemplateName": title} for id_, title in titles.items() if names.get(id_) != title]
        for part in chunks(new, ITEMS_PER_CALL):
            optimove("POST", "integrations/AddChannelTemplates", part, ChannelID=channel)
        deleted = [{"ChannelID": channel, "TemplateID": id_} for id_ in names if id_ not in titles]
        for part in chunks(deleted, ITEMS_PER_CALL):
            optimove("POST", "integrations/DeleteChannelTemplates", part)
    return now + 30 * MINUTE


def addressed(customer, values, names):
    """Return customer, parameters and state of a message. A customer without consent counts as dropped."""
    consents = not CHECKS_CONSENT or str(values.get(CONSENT) or "").lower() in {"1", "true", "yes"}
    params = {name: "" if values.get(name) is None else str(values[name]) for name in names}
    return customer, json.dumps(params), "pending" if consents else "dropped"


def page(_, campaign, channel, skip):
    known = templates()
    of_templates = [name for _, found in known.values() for name in found]
    names = list(dict.fromkeys([*([CONSENT] if CONSENT else []), *of_templates]))
    query = {"CampaignID": campaign, "ChannelID": channel, "CustomerAttributes": ";".join(names)}
    query |= {"$top": PAGE_SIZE, "$skip": skip}
    rows = optimove("GET", "customers/GetCustomerSendDetailsByChannel", **query)
    groups = {}
    for row in rows:
        groups.setdefault((row["ScheduledTime"], int(row["TemplateID"])), []).append(row)
    jobs, messages = [], []
    for (scheduled, template), group in groups.items():
        due = timegm(time.strptime(scheduled, "%Y-%m-%d %H:%M:%S"))
        for part in chunks(group, USERS_PER_CALL):
            batch = f"{campaign}-{channel}-{skip}-{len(jobs)}"
            for row in part:
                values = dict(zip(names, row["CustomerAttributes"], strict=True))
                customer, params, state = addressed(row["CustomerID"], values, known[template][1])
                messages.append((batch, customer, campaign, channel, template, params, state))
            jobs.append((f"send:{batch}", "send", due, {"batch": batch}))
        jobs.append(report_job(campaign, channel, due))
    jobs += [page_job(campaign, channel, skip + PAGE_SIZE)] if len(rows) == PAGE_SIZE else []
    add(jobs, messages)


def page_job(campaign, channel, skip):
    return f"page:{campaign}:{channel}:{skip}", "page", 0, {"campaign": campaign, "channel": channel, "skip": skip}


def report_job(campaign, channel, start):
    payload = {"campaign": campaign, "channel": channel, "until": start + 7 * DAY}
    return f"report:{campaign}:{channel}", "report", start + 15 * MINUTE, payload


def trigger(now, event):
    template = event["templateid"]
    names = templates()[template][1]
    values = event["values"]
    if not values.keys() >= {*names, *([CONSENT] if CHECKS_CONSENT else [])}:
        found = optimove("GET", f"customers/{event['customerid']}/Attributes")
        values = {row["RealFieldName"]: row["Value"] for row in found} | values
    batch, campaign, channel = f"trigger-{event['requestid']}", event["campaignid"], event["channelid"]
    customer, params, state = addressed(event["customerid"], values, names)
    row = batch, customer, campaign, channel, template, params, state
    add([(f"send:{batch}", "send", 0, {"batch": batch}), report_job(campaign, channel, now)], [row])


def send(now, batch):
    """Execute the template for a batch, once. The app has created the profiles, so there is nothing to import."""
    rows = sql("SELECT customer, template, params, state FROM message WHERE batch = ? AND state != 'dropped'", batch)
    if not rows:
        return
    add([(f"check:{batch}", "check", now + 10 * MINUTE, {"batch": batch})])
    if rows[0][3] == "sending":  # a call before has no known outcome: never send twice
        return
    sql("UPDATE message SET state = 'sending' WHERE batch = ? AND state = 'pending'", batch)
    targets = {customer: json.loads(params) for customer, _, params, _ in rows}
    batch_name = {"external_message_id": batch}
    call = {"target_by": "user_id", "target_with_params": targets, "params": batch_name}
    xtremepush("execute/campaign", id=rows[0][1], **call)


def check(now, batch):
    """Ten minutes later, list/message has a row for each message. A user without a device has none."""
    rows = sql("SELECT customer, template FROM message WHERE batch = ? AND state = 'sending'", batch)
    users = [customer for customer, _ in rows]
    condition = [["user_id", "IN", users], ["create_time", ">=", now - 20 * MINUTE]]
    found = {str(row["user_id"]) for row in list_all("message", [["campaign_id", "=", rows[0][1]], *condition])}
    with LOCK, DB:
        DB.executemany(
            "UPDATE message SET state = ? WHERE batch = ? AND customer = ?",
            [("sent" if user in found else "dropped", batch, user) for user in users],
        )


def report(now, campaign, channel, until):
    """Report totals and the customers of each event, 15 minutes after a send and then every 6 hours for a week."""
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    found = [
        (template, DROPPED if state == "dropped" else SENT, today, customer)
        for template, state, customer in sql(OUTCOMES, campaign, channel)
    ]
    found += sql(RESULTS_OF_SENT, campaign, channel)
    totals = Counter((template, event) for template, event, _, _ in found)
    items = [
        {"ChannelID": channel, "CampaignID": campaign, "TemplateID": template}
        | {"MetricID": event, "MetricValue": totals[template, event]}
        for template in {template for template, _ in totals}
        for event in (SENT, DELIVERED, OPENED, UNSUBSCRIBED, DROPPED, BOUNCED)
    ]
    for part in chunks(items, ITEMS_PER_CALL):
        optimove("POST", "integrations/UpdateCampaignMetrics", part)
    if SETTINGS.get("bridge", {}).get("reports") == "campaign_metrics":
        report_customers(campaign, channel, found)
    report_opt_outs(channel, [customer for _, event, _, customer in found if event == UNSUBSCRIBED])
    return now + 6 * HOUR if now + 6 * HOUR <= until else None


def report_customers(campaign, channel, found):
    known = set(sql(REPORTED, campaign, channel))
    groups = {}
    for template, event, day, customer in found:
        if (template, event, customer) not in known:
            groups.setdefault((template, event, day), set()).add(customer)
    for (template, event, day), customers in groups.items():
        names = {"CampaignID": campaign, "ChannelID": channel, "TemplateID": template}
        body = names | {"InteractionDate": day, "EventID": event, "CustomerIDs": sorted(customers)}
        optimove("POST", "integrations/UpdateCampaignInteractions", body)
        with LOCK, DB:
            rows = [(campaign, channel, template, event, day, customer) for customer in customers]
            DB.executemany("INSERT OR IGNORE INTO reported VALUES (?, ?, ?, ?, ?, ?)", rows)


def report_opt_outs(channel, customers):
    """Report those who switched notifications off, for this channel only: they may still want SMS."""
    if customers:
        body = {"ChannelID": channel, "CustomerIDs": sorted(set(customers)), "CommunicationMode": 2, "AppID": None}
        optimove("POST", "integrations/SetCustomerChannelPreference", body)


def work(now):
    """Run all due jobs; return when the next one is due."""
    jobs = {job.__name__: job for job in (connect, page, trigger, send, check, report)}
    while True:
        rows = sql("SELECT id, kind, payload FROM job WHERE due <= ? ORDER BY due, id LIMIT 1", now)
        if not rows:
            return sql("SELECT MIN(due) FROM job")[0][0]
        id_, kind, payload = rows[0]
        try:
            due = jobs[kind](now, **json.loads(payload))
        except requests.RequestException:
            LOG.exception("%s failed and is retried", id_)
            due = now + 15
        sql("UPDATE job SET due = ? WHERE id = ?", due, id_)


# ---- webhooks: store and acknowledge, nothing more
def job_of(fields):
    """Return the job that an event requires; None if this bridge does not support its type."""
    kind = int(fields.get("eventtypeid", TRIGGERED))
    if kind == EXECUTED:
        return page_job(int(fields["campaignid"]), int(fields["channelid"]), 0)
    if kind != TRIGGERED:
        return None
    event = {name: int(fields[name]) for name in ("campaignid", "channelid", "templateid")}
    event |= {name: str(fields[name]) for name in ("requestid", "customerid")}
    event["values"] = {name: value for group in fields["personalization"].values() for name, value in group.items()}
    return f"trigger:{event['requestid']}", "trigger", 0, {"event": event}


def store_event(body):
    job = job_of({name.lower(): value for name, value in json.loads(body).items()})
    add([job] if job else [])


def store_result(body):
    payload = json.loads(body)
    event, names = RESULT_EVENTS.get(payload["event"]), payload["properties"]
    if event is not None:
        day = time.strftime("%Y-%m-%d", time.gmtime(payload["time"]))
        row = (names["external_message_id"], names["user_id"], event, day)
        sql("INSERT OR IGNORE INTO result VALUES (?, ?, ?, ?)", *row)


class Handler(BaseHTTPRequestHandler):
    """The address of the bridge. Every other path gets a 404."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        store = {EVENTS: store_event, RESULTS: store_result}.get(self.path)
        status = 404
        if store is not None:
            try:
                store(body)
                status = 200
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                LOG.warning("refused a webhook: %r", error)
                status = 400
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Log nothing."""


# ---- loop
def seconds(text):
    return timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def live_by(clock_url):
    """Do all that is due, and tell the clock until when there is nothing to do; it answers with the new time."""
    seen = requests.get(clock_url, timeout=60).json()
    while True:
        until = work(seconds(seen["now"]))
        text = until and time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))
        parked = {"participant": "bridge", "until": text, "since": seen["delivered"]}
        seen = requests.post(f"{clock_url}/park", json=parked, timeout=60).json()


def live_by_the_machine():
    while True:
        WAKE.clear()
        until = work(int(time.time()))
        WAKE.wait(1 if until is None else min(max(until - time.time(), 0), 60))


if __name__ == "__main__":
    sql("INSERT OR REPLACE INTO job VALUES ('connect', 'connect', '{}', 0)")
    threading.Thread(target=ThreadingHTTPServer((HOST, PORT), Handler).serve_forever, daemon=True).start()
    live_by(CLOCK_URL) if CLOCK_URL else live_by_the_machine()
