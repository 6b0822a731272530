"""A bridge from Optimove to Textlocal in one file, with Flask, requests and SQLite.

From top to bottom: settings, database, clock, Optimove, Textlocal, jobs, webhooks. All waiting work is rows of the
table `job`. Times are text in UTC, as Optimove writes them ("2026-03-02 09:00:00"), and sort as text.
"""

import json
import logging
import os
import re
import sqlite3
import threading
import time
from collections import defaultdict, deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import phonenumbers
import requests
from flask import Flask, request
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from werkzeug.serving import make_server

# ---- settings
HANDOVER = Path(os.environ["SENDPROOF_HANDOVER"])
while not HANDOVER.exists():  # if the bridge starts before the run
    time.sleep(0.1)
SETTINGS = json.loads(HANDOVER.read_text())
OPTIMOVE, TEXTLOCAL = SETTINGS["services"]["optimove"], SETTINGS["services"]["textlocal"]
CHANNELS = [channel for channel in SETTINGS["channels"] if channel["provider"] == "textlocal"]
PHONE, CONSENT = SETTINGS["attributes"]["phone"], SETTINGS["attributes"]["consent"]
CHECKS_CONSENT = SETTINGS.get("bridge", {}).get("consent") == "attribute"  # else only Textlocal keeps opt-outs
REQUIRED = [PHONE, CONSENT] if CHECKS_CONSENT else [PHONE]
HOST, PORT, TOKEN = SETTINGS["listen"]["host"], SETTINGS["listen"]["port"], SETTINGS["webhook_token"]
MY_URL = f"http://{HOST}:{PORT}/{TOKEN}"  # without the token, every request gets a 404
CLOCK_URL = None if os.environ.get("FLASK_BRIDGE_CLOCK") == "machine" else SETTINGS.get("clock_url")

# ---- database: one connection, one thread at a time; without a name, a temporary file
DB = sqlite3.connect(os.environ.get("FLASK_BRIDGE_DATABASE", ""), check_same_thread=False)
LOCK, WAKE = threading.Lock(), threading.Event()
SET_STATE = "UPDATE message SET state = ? WHERE batch = ? AND number = ?"
# The week of reports begins again with each message of a trigger.
ADD_JOB = """INSERT INTO job VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE
    SET payload = excluded.payload, due = COALESCE(due, excluded.due) WHERE kind = 'metrics'"""
DB.executescript("""
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS job (id TEXT PRIMARY KEY, kind TEXT, payload TEXT, due TEXT);  -- due NULL: done
    CREATE INDEX IF NOT EXISTS job_due ON job (due);
    CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, campaign TEXT, channel INTEGER, template INTEGER,
        number TEXT, text TEXT, batch TEXT, state TEXT);  -- pending, sending, sent, delivered, failed; or dropped
    CREATE INDEX IF NOT EXISTS message_batch ON message (batch, number);
""")


def sql(statement, *values):
    with LOCK, DB:
        return DB.execute(statement, values).fetchall()


def add(jobs, messages=()):
    """Insert all or nothing. Existing ids stay unchanged, so a repeated event has no effect; reports last longer."""
    rows = [(id_, kind, json.dumps(payload), due) for id_, kind, due, payload in jobs]
    with LOCK, DB:
        DB.executemany("INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", messages)
        DB.executemany(ADD_JOB, rows)
    WAKE.set()


# ---- clock
def live_by(clock_url, work, name="bridge"):
    """Call `work(now)` forever; it does all that is due, and returns when the next is (ISO 8601, UTC), or None."""
    seen = requests.get(clock_url, timeout=60).json()
    while True:
        # `seen` is from before the look for work: what arrives during it ends the park at once.
        until = work(seen["now"])
        parked = {"participant": name, "until": until, "since": seen["delivered"]}
        reply = requests.post(f"{clock_url}/park", json=parked, timeout=60)
        reply.raise_for_status()
        seen = reply.json()


def live_by_the_machine(work):
    while True:
        WAKE.clear()
        until = work(datetime.now(UTC).isoformat())
        seconds = 60 if until is None else (datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds()
        WAKE.wait(min(max(seconds, 0), 60))


def later(when, **delay):
    return str(datetime.fromisoformat(when) + timedelta(**delay))


# ---- Optimove: at most 50 calls in 10 seconds, 10,000 rows per page, 100 templates or metrics per call
RECENT_CALLS = {"optimove": (deque(maxlen=50), 11), "textlocal": (deque(maxlen=10), 2)}  # seconds, one more than needed
TEMPLATES = {}  # as last fetched
OPT_OUTS = {"valid_until": "", "numbers": set()}  # those at Textlocal, as last fetched
PAGE_SIZE, ITEMS_PER_CALL, BATCH_SIZE = 10_000, 100, 500
TRIGGERED, EXECUTED = 11, 13  # event types
METRICS = {0: {"sending", "sent", "delivered", "failed"}, 1: {"delivered"}, 5: {"dropped"}, 9: {"failed"}}


def check_rate_limit(now, service):
    calls, seconds = RECENT_CALLS[service]
    if len(calls) == calls.maxlen and later(calls[0], seconds=seconds) > now:
        raise RuntimeError(f"{service} accepts no more calls now; retry later")
    calls.append(now)


class RejectedError(Exception):
    """The request is wrong, or its subject does not exist; repeating it changes nothing."""


def optimove(now, method, path, body=None, **query):
    check_rate_limit(now, "optimove")
    url, headers = f"{OPTIMOVE['url']}/current/{path}", {"X-API-KEY": OPTIMOVE["credentials"]["api_key"]}
    response = requests.request(method, url, params=query, json=body, headers=headers, timeout=60)
    if method == "GET" and response.status_code == requests.codes.not_found:
        return []  # possible for an empty list
    if response.status_code in {400, 404}:
        raise RejectedError(f"{path}: {response.status_code} {response.text}")
    response.raise_for_status()
    return response.json() if response.content else None


def chunks(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


# ---- Textlocal: at most 500 messages with individual texts per call
PLACEHOLDER = re.compile(r"%%\|(\w+)(?:\^\{.*?\})?%%")


def textlocal(command, **form):
    form["apikey"] = TEXTLOCAL["credentials"]["apikey"]
    response = requests.post(f"{TEXTLOCAL['url']}/{command}/", data=form, timeout=60)
    response.raise_for_status()
    return response.json()


def templates_by_id(now):
    check_rate_limit(now, "textlocal")
    templates = {int(row["id"]): row for row in textlocal("get_templates")["templates"]}
    TEMPLATES.update(templates)
    return templates


def opted_out_numbers(now):
    """Return the numbers that opted out at Textlocal, which sends to them unless the caller leaves them out."""
    if OPT_OUTS["valid_until"] <= now:
        check_rate_limit(now, "textlocal")
        OPT_OUTS["numbers"] = {str(row["number"]) for row in textlocal("get_optouts")["optouts"]}
        OPT_OUTS["valid_until"] = later(now, hours=1)
    return OPT_OUTS["numbers"]


def personalize(body, attributes):
    """Return number (digits with country code) and text; the number is None without consent or a valid number."""
    text = PLACEHOLDER.sub(lambda match: attributes.get(match[1]) or "", body)
    try:
        number = phonenumbers.parse(attributes.get(PHONE) or "", SETTINGS.get("country", "GB"))
    except phonenumbers.NumberParseException:
        return None, text
    has_consent = not CHECKS_CONSENT or (attributes.get(CONSENT) or "").lower() in {"1", "true", "yes"}
    reachable = has_consent and phonenumbers.is_valid_number(number)
    return f"{number.country_code}{number.national_number}" if reachable else None, text


def had_no_effect(error):
    """Return True if a failed call was refused or could not connect. After a timeout, the outcome is unknown."""
    refused = error.response is not None and error.response.status_code < requests.codes.server_error
    return refused or isinstance(getattr(error.args[0], "reason", None), NewConnectionError | ConnectTimeoutError)


# ---- jobs: each works at `now`, and returns when to run again, or None
def connect(now):
    titles = {template: row["title"] for template, row in templates_by_id(now).items()}
    for channel, kind in ((channel["id"], channel["kind"]) for channel in CHANNELS):
        listener = {"EventTypeID": TRIGGERED if kind == "triggered" else EXECUTED, "ListenerURL": f"{MY_URL}/events"}
        optimove(now, "POST", "general/RegisterEventListener", listener | {"ChannelID": channel})
        existing = optimove(now, "GET", "integrations/GetChannelTemplates", ChannelID=channel)
        existing = {row["TemplateID"]: row["TemplateName"] for row in existing}
        new = [
            {"TemplateID": id_, "TemplateName": title} for id_, title in titles.items() if existing.get(id_) != title
        ]
        for part in chunks(new, ITEMS_PER_CALL):
            optimove(now, "POST", "integrations/AddChannelTemplates", part, ChannelID=channel)
        deleted = [{"ChannelID": channel, "TemplateID": id_} for id_ in existing if id_ not in titles]
        for part in chunks(deleted, ITEMS_PER_CALL):
            optimove(now, "POST", "integrations/DeleteChannelTemplates", part)
    return later(now, minutes=30)


def page(now, campaign, channel, skip):
    bodies = {template: row["body"] for template, row in templates_by_id(now).items()}
    names = list(dict.fromkeys([*REQUIRED, *PLACEHOLDER.findall(" ".join(bodies.values()))]))
    query = {"CampaignID": campaign, "ChannelID": channel, "CustomerAttributes": ";".join(names), "$top": PAGE_SIZE}
    rows = optimove(now, "GET", "customers/GetCustomerSendDetailsByChannel", **query, **{"$skip": skip})
    groups = defaultdict(list)  # a batch has one send time; one letter outside ASCII makes all of it cost more
    for row in rows:
        number, text = personalize(bodies[row["TemplateID"]], dict(zip(names, row["CustomerAttributes"], strict=True)))
        message = (f"{campaign}:{channel}:{row['CustomerID']}", campaign, channel, row["TemplateID"], number, text)
        groups[row["ScheduledTime"], text.isascii()].append(message)
    jobs, messages = [], []
    for (due, _), group in groups.items():
        for part in chunks(group, BATCH_SIZE):
            batch = f"{campaign}-{channel}-{skip}-{len(jobs)}"
            messages += [(*message, batch, "pending" if message[4] else "dropped") for message in part]
            jobs.append((f"send:{batch}", "send", due, {"batch": batch}))
    jobs += [metrics_job(campaign, channel, min(due for due, _ in groups))] if rows else []
    jobs += [page_job(campaign, channel, skip + PAGE_SIZE)] if len(rows) == PAGE_SIZE else []
    add(jobs, messages)


def page_job(campaign, channel, skip):
    payload = {"campaign": campaign, "channel": channel, "skip": skip}
    return f"page:{campaign}:{channel}:{skip}", "page", "", payload


def metrics_job(campaign, channel, start):
    payload = {"campaign": campaign, "channel": channel, "until": later(start, days=7)}
    return f"metrics:{campaign}:{channel}", "metrics", later(start, minutes=15), payload


def trigger(now, event):
    template_id, campaign, channel = event["templateid"], event["campaignid"], event["channelid"]
    template = TEMPLATES.get(template_id) or templates_by_id(now).get(template_id)
    if template is None:
        return  # it was deleted, so its text is lost
    values = dict(event["values"])
    attributes = {
        name: json.dumps(value) if isinstance(value, int | float) else value for name, value in values.items()
    }
    if not attributes.keys() >= {*REQUIRED, *PLACEHOLDER.findall(template["body"])}:
        attributes = fetch_attributes(now, event["customerid"]) | attributes
    number, text = personalize(template["body"], attributes)
    id_ = f"trigger-{event['requestid']}"
    message = (id_, campaign, channel, template_id, number, text, id_, "pending" if number else "dropped")
    jobs = [(f"send:{id_}", "send", "", {"batch": id_})]
    # UpdateCampaignMetrics only takes whole numbers
    jobs += [metrics_job(campaign, channel, now)] if isinstance(campaign, int) else []
    add(jobs, [message])


def fetch_attributes(now, customer):
    try:
        rows = optimove(now, "GET", f"Customers/{quote(customer, safe='')}/Attributes")
    except requests.HTTPError as error:
        if error.response.status_code != requests.codes.forbidden:
            raise
        rows = []  # the key has no permission, so attributes that are not in the event are unknown
    return {row["RealFieldName"]: row["Value"] for row in rows}


def send(now, batch):
    opted_out = opted_out_numbers(now)
    pending = sql("SELECT number, text FROM message WHERE batch = ? AND state = 'pending'", batch)
    with LOCK, DB:
        DB.executemany(SET_STATE, [("dropped", batch, number) for number, _ in pending if number in opted_out])
    rows = [(number, text) for number, text in pending if number not in opted_out]
    if not rows:
        return
    check_rate_limit(now, "textlocal")
    data = {
        **({"sender": SETTINGS["sender"]} if "sender" in SETTINGS else {}),  # else the account has a default
        "messages": [{"number": number, "text": text} for number, text in rows],
        "receiptUrl": f"{MY_URL}/receipts/{batch}",
        "unicode": not all(text.isascii() for _, text in rows),
    }
    # On disk before the call: messages that are `sending` after a crash or a timeout are not sent again.
    sql("UPDATE message SET state = 'sending' WHERE batch = ? AND state = 'pending'", batch)
    try:
        result = textlocal("bulk_json", data=json.dumps(data))
    except requests.RequestException as error:
        if not had_no_effect(error):
            raise
        result = {"errors": str(error)}
    sent = [message for part in result.get("messages") or [] for message in part["messages"]]
    accepted = [("sent", batch, str(message["recipient"])) for message in sent]
    refused = [("dropped", batch, str(message["number"])) for message in result.get("messages_not_sent") or []]
    if not accepted and not refused:
        sql("UPDATE message SET state = 'pending' WHERE batch = ? AND state = 'sending'", batch)
        raise RuntimeError(result.get("errors"))
    with LOCK, DB:
        DB.executemany(f"{SET_STATE} AND state = 'sending'", accepted + refused)


def metrics(now, campaign, channel, until):
    select = "SELECT template, state, COUNT(*) FROM message WHERE campaign = ? AND channel = ? GROUP BY template, state"
    counts = {(template, state): count for template, state, count in sql(select, campaign, channel)}
    items = [
        {"ChannelID": channel, "CampaignID": int(campaign), "TemplateID": template, "MetricID": metric}
        | {"MetricValue": sum(counts.get((template, state), 0) for state in states)}
        for template in {template for template, _ in counts}
        for metric, states in METRICS.items()
    ]
    for part in chunks(items, ITEMS_PER_CALL):
        optimove(now, "POST", "integrations/UpdateCampaignMetrics", part)
    return later(now, hours=6) if later(now, hours=6) <= until else None


def work(now):
    """Run all due jobs; return when the next one is due."""
    jobs = {job.__name__: job for job in (connect, page, trigger, send, metrics)}
    now = now[:19].replace("T", " ")
    while True:
        rows = sql("SELECT id, kind, payload FROM job WHERE due <= ? ORDER BY due, id LIMIT 1", now)
        if not rows:
            (due,) = sql("SELECT MIN(due) FROM job")[0]
            return due and due.replace(" ", "T") + "Z"
        id_, kind, payload = rows[0]
        try:
            due = jobs[kind](now, **json.loads(payload))
        except RejectedError:
            app.logger.exception("%s was rejected and is given up", id_)
            due = None
        except Exception:
            app.logger.exception("%s failed and is retried", id_)
            due = later(now, seconds=15)
        sql("UPDATE job SET due = ? WHERE id = ?", due, id_)


# ---- webhooks: store and acknowledge, nothing more; unusable requests are refused here, not retried forever
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 1_000_000


def parse_id(fields, name):
    """Return an id of Optimove; SQLite accepts no larger number."""
    value = int(str(fields[name]))
    if not 0 <= value < 1 << 63:
        raise ValueError(f"{name} is no id: {value}")
    return value


def parse_campaign(fields):
    """Return the campaign of a trigger; the vendor's sample of event 11 has 2.38."""
    text = str(fields["campaignid"])
    return text if re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}", text) else parse_id(fields, "campaignid")


def job_of(fields):
    """Return the job that an event requires; None if this bridge does not support its type."""
    # the vendor's sample of event 11 has no type
    kind = parse_id(fields, "eventtypeid") if "eventtypeid" in fields else TRIGGERED
    if kind == EXECUTED:
        return page_job(parse_id(fields, "campaignid"), parse_id(fields, "channelid"), 0)
    if kind != TRIGGERED:
        return None
    event = {name: parse_id(fields, name) for name in ("channelid", "templateid")}
    event["campaignid"] = parse_campaign(fields)
    event |= {name: str(fields[name]) for name in ("requestid", "customerid")}
    event["values"] = [pair for group in fields["personalization"].values() for pair in group.items()]
    return f"trigger:{event['requestid']}", "trigger", "", {"event": event}


@app.post(f"/{TOKEN}/events")
def receive_event():
    try:
        job = job_of({name.lower(): value for name, value in json.loads(request.get_data()).items()})
        add([job] if job else [])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return f"invalid event: {type(error).__name__}: {error}", 400
    return ""


@app.post(f"/{TOKEN}/receipts/<batch>")
def receive_receipt(batch):
    state = {"D": "delivered", "U": "failed", "I": "failed", "E": "failed"}.get(request.form["status"], "sent")
    sql(f"{SET_STATE} AND state IN ('sending', 'sent')", state, batch, request.form["number"])
    return ""


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it would log a line for each receipt
    sql("INSERT OR REPLACE INTO job VALUES ('connect', 'connect', '{}', '')")
    threading.Thread(target=make_server(HOST, PORT, app, threaded=True).serve_forever, daemon=True).start()
    live_by(CLOCK_URL, work) if CLOCK_URL else live_by_the_machine(work)
