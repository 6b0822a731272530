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
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

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
SETTLED = 10 * MINUTE  # after a call: list/message then has all its messages
CLOCKS_DIFFER = 30  # seconds between the clocks of Xtremepush and of the bridge
SENT, DELIVERED, OPENED, UNSUBSCRIBED, DROPPED, BOUNCED = 0, 1, 2, 4, 5, 9
RESULT_EVENTS = {
    "message_send": SENT,
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
    -- due NULL: done
    CREATE TABLE IF NOT EXISTS job (id TEXT PRIMARY KEY, kind TEXT, payload TEXT, due INTEGER, failures INTEGER);
    -- since: when it is due, then when its last call began. pending -> sending -> accepted -> sent or dropped
    CREATE TABLE IF NOT EXISTS message (batch TEXT, customer TEXT, campaign INTEGER, channel INTEGER, template INTEGER,
        params TEXT, state TEXT, since INTEGER, PRIMARY KEY (batch, customer));
    CREATE TABLE IF NOT EXISTS result (batch TEXT, customer TEXT, event INTEGER, day TEXT, id TEXT,
        PRIMARY KEY (batch, customer, event));
    CREATE INDEX IF NOT EXISTS result_id ON result (id);
    CREATE TABLE IF NOT EXISTS reported (campaign INTEGER, channel INTEGER, template INTEGER, event INTEGER, day TEXT,
        customer TEXT, PRIMARY KEY (campaign, channel, template, event, day, customer));
""")
ADD_JOB = """
    INSERT INTO job VALUES (?, ?, ?, ?, 0)
    ON CONFLICT (id) DO UPDATE SET due = excluded.due WHERE job.kind = 'report' AND job.due IS NULL
"""
ADD_RESULT = "INSERT OR IGNORE INTO result VALUES (?, ?, ?, ?, ?)"
COUNTED = """
    SELECT template, event, day, customer FROM message JOIN result USING (batch, customer)
    WHERE campaign = ? AND channel = ? AND day <= ? AND (state = 'sent' OR event IN (0, 5))
"""
UNFINISHED = """
    SELECT customer, template, params, state, since FROM message
    WHERE batch = ? AND state IN ('pending', 'sending', 'accepted')
"""
REPORTED = "SELECT template, event, day, customer FROM reported WHERE campaign = ? AND channel = ?"
OF_EVENT = "SELECT customer FROM result WHERE batch = ? AND event = ?"
SET_STATE = "UPDATE message SET state = ? WHERE batch = ? AND state = ?"


def sql(statement, *values):
    with LOCK, DB:
        return DB.execute(statement, values).fetchall()


def add(jobs, messages=()):
    """Insert all or nothing. Existing ids stay unchanged, so a repeated event has no effect.

    Only a report that has ended begins again. A message without consent has its result already.
    """
    rows = [(id_, kind, json.dumps(payload), due) for id_, kind, due, payload in jobs]
    dropped = [(row[0], row[1], DROPPED, day_of(row[-1]), None) for row in messages if row[-2] == "dropped"]
    with LOCK, DB:
        DB.executemany("INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", messages)
        DB.executemany(ADD_RESULT, dropped)
        DB.executemany(ADD_JOB, rows)
    WAKE.set()


def day_of(when):
    return time.strftime("%Y-%m-%d", time.gmtime(when))


# ---- calls
class RefusedError(requests.RequestException):
    """Xtremepush has not carried out the call. After any other error, it is unknown whether it has."""


def optimove(method, path, body=None, **query):
    url, headers = f"{OPTIMOVE['url']}/current/{path}", {"X-API-KEY": OPTIMOVE["credentials"]["api_key"]}
    response = requests.request(method, url, params=query, json=body, headers=headers, timeout=60)
    if method == "GET" and response.status_code == requests.codes.not_found:
        return []  # possible for an empty list
    response.raise_for_status()
    return response.json() if response.content else None


def xtremepush(path, **body):
    token = {"apptoken": XTREMEPUSH["credentials"]["apptoken"]}
    try:
        response = requests.post(f"{XTREMEPUSH['url']}/api/external/{path}", json=token | body, timeout=60)
    except requests.ConnectionError as error:
        if isinstance(getattr(error.args[0], "reason", None), NewConnectionError | ConnectTimeoutError):
            raise RefusedError(f"{path}: no connection") from error
        raise
    if is_refusal(response.status_code):
        raise RefusedError(f"{path}: {response.status_code} {response.text[:200]}", response=response)
    response.raise_for_status()
    reply = response.json()
    if reply.get("success") is not True:  # a status of 200 may hide the code of an error
        error = RefusedError if is_refusal(reply.get("code")) else requests.RequestException
        raise error(f"{path}: {reply}", response=response)
    return reply


def is_refusal(code):
    """Return True for 4xx. A 5xx may come from a gateway, although Xtremepush has carried out the call."""
    return code in range(400, 500)


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
    if sql("SELECT 1 FROM job WHERE id = ?", f"send:{campaign}-{channel}-{skip}-0"):
        return  # the bridge was killed right after it had planned this page
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
    for (scheduled, template), group in sorted(groups.items()):
        due = timegm(time.strptime(scheduled, "%Y-%m-%d %H:%M:%S"))
        for part in chunks(group, USERS_PER_CALL):
            batch = f"{campaign}-{channel}-{skip}-{len(jobs)}"
            for row in part:
                values = dict(zip(names, row["CustomerAttributes"], strict=True))
                customer, params, state = addressed(row["CustomerID"], values, known[template][1])
                messages.append((batch, customer, campaign, channel, template, params, state, due))
            jobs.append((f"send:{batch}", "send", due, {"batch": batch}))
        jobs.append(report_job(campaign, channel, due))
    jobs += [page_job(campaign, channel, skip + PAGE_SIZE)] if len(rows) == PAGE_SIZE else []
    add(jobs, messages)


def page_job(campaign, channel, skip):
    return f"page:{campaign}:{channel}:{skip}", "page", 0, {"campaign": campaign, "channel": channel, "skip": skip}


def report_job(campaign, channel, start):
    return f"report:{campaign}:{channel}", "report", start + 15 * MINUTE, {"campaign": campaign, "channel": channel}


def trigger(now, event):
    template = event["templateid"]
    names = templates()[template][1]
    values = event["values"]
    if not values.keys() >= {*names, *([CONSENT] if CHECKS_CONSENT else [])}:
        found = optimove("GET", f"customers/{event['customerid']}/Attributes")
        values = {row["RealFieldName"]: row["Value"] for row in found} | values
    batch, campaign, channel = f"trigger-{event['requestid']}", event["campaignid"], event["channelid"]
    customer, params, state = addressed(event["customerid"], values, names)
    row = batch, customer, campaign, channel, template, params, state, now
    add([(f"send:{batch}", "send", 0, {"batch": batch}), report_job(campaign, channel, now)], [row])


def send(now, batch):
    """Take the next step of a batch: execute its template, or 10 minutes later look for its messages."""
    rows = sql(UNFINISHED, batch)
    if not rows:
        return None
    _, template, _, state, since = rows[0]  # those that are unfinished have made all steps together
    if state == "pending":
        return execute(now, batch, template, {customer: json.loads(params) for customer, _, params, *_ in rows})
    if now < since + SETTLED:  # after a restart
        return since + SETTLED
    return look_up(now, batch, template, state, since, [customer for customer, *_ in rows])


def execute(now, batch, template, targets):
    """Call once. The app has created the profiles, so there is nothing to import."""
    # On disk before the call: what is `sending` after a kill or a lost response is looked up before it is sent again.
    sql("UPDATE message SET state = 'sending', since = ? WHERE batch = ? AND state = 'pending'", now, batch)
    call = {"target_by": "user_id", "target_with_params": targets, "params": {"external_message_id": batch}}
    try:
        xtremepush("execute/campaign", id=template, **call)
    except RefusedError:
        sql(SET_STATE, "pending", batch, "sending")
        raise  # `work` runs this job again after a pause
    except requests.RequestException:
        LOG.exception("the outcome of batch %s is unknown, and is looked up", batch)
    else:
        sql(SET_STATE, "accepted", batch, "sending")
    return now + SETTLED


def look_up(now, batch, template, state, since, users):
    """Find the messages of a call: in webhooks, which name the batch, and in list/message, which does not.

    After a response, a user without a message has no device. After a lost response, such users get another call.
    """
    sent = dict.fromkeys(user for (user,) in sql(OF_EVENT, batch, SENT))
    condition = [["campaign_id", "=", template], ["user_id", "IN", users], ["create_time", ">=", since - CLOCKS_DIFFER]]
    for row in sorted(list_all("message", condition), key=lambda row: row["create_time"]):
        if not sql("SELECT 1 FROM result WHERE id = ? AND batch != ?", str(row["id"]), batch):  # not another batch's
            sent.setdefault(str(row["user_id"]), row)
    absent = [user for user in users if user not in sent]
    results = [(batch, user, SENT, day_of(row["create_time"]), str(row["id"])) for user, row in sent.items() if row]
    if state == "accepted":
        results += [(batch, user, DROPPED, day_of(since), None) for user in absent]
    after = "dropped" if state == "accepted" else "pending"
    states = [("sent" if user in sent else after, batch, user) for user in users]
    with LOCK, DB:
        DB.executemany(ADD_RESULT, results)
        DB.executemany("UPDATE message SET state = ? WHERE batch = ? AND customer = ?", states)
    return now if absent and after == "pending" else None


def report(now, campaign, channel):
    """Report totals and the customers of each event, 15 minutes after a send and then every 6 hours for a week."""
    found = sql(COUNTED, campaign, channel, day_of(now))
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
    last = sql("SELECT MAX(since) FROM message WHERE campaign = ? AND channel = ?", campaign, channel)[0][0]
    return now + 6 * HOUR if now + 6 * HOUR <= last + 7 * DAY else None


def report_customers(campaign, channel, found):
    known = set(sql(REPORTED, campaign, channel))
    groups = {}
    for template, event, day, customer in found:
        if (template, event, day, customer) not in known:
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


def work(clock):
    """Run all due jobs; return when the next one is due."""
    jobs = {job.__name__: job for job in (connect, page, trigger, send, report)}
    while True:
        now = clock()
        rows = sql("SELECT id, kind, payload, failures FROM job WHERE due <= ? ORDER BY due, id LIMIT 1", now)
        if not rows:
            return sql("SELECT MIN(due) FROM job")[0][0]
        id_, kind, payload, failures = rows[0]
        try:
            due, failures = jobs[kind](now, **json.loads(payload)), 0
        except Exception as error:
            LOG.exception("%s failed and is retried", id_)
            due, failures = now + pause(error, failures), failures + 1
        sql("UPDATE job SET due = ?, failures = ? WHERE id = ?", due, failures, id_)


def pause(error, failures):
    """Return the seconds until a job is retried: what the service wants, or 15 s, twice as long each time."""
    response = getattr(error, "response", None)
    wanted = "" if response is None else response.headers.get("Retry-After", "")
    if wanted.isdecimal():
        return min(max(int(wanted[:6]), 1), DAY)
    return min(15 << min(failures, 6), 10 * MINUTE)


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
        row = (names["external_message_id"], names["user_id"], event, day_of(payload["time"]), str(names["message_id"]))
        sql(ADD_RESULT, *row)


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
        until = work(partial(seconds, seen["now"]))
        text = until and time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(until))
        parked = {"participant": "bridge", "until": text, "since": seen["delivered"]}
        seen = requests.post(f"{clock_url}/park", json=parked, timeout=60).json()


def live_by_the_machine():
    while True:
        WAKE.clear()
        until = work(lambda: int(time.time()))
        WAKE.wait(1 if until is None else min(max(until - time.time(), 0), 60))


if __name__ == "__main__":
    sql("INSERT OR REPLACE INTO job VALUES ('connect', 'connect', '{}', 0, 0)")
    threading.Thread(target=ThreadingHTTPServer((HOST, PORT), Handler).serve_forever, daemon=True).start()
    live_by(CLOCK_URL) if CLOCK_URL else live_by_the_machine()
