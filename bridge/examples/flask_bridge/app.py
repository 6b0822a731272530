"""A bridge from Optimove to Textlocal in one file, with Flask, requests and SQLite.

From top to bottom: settings, database, clock, Optimove, Textlocal, jobs, webhooks. Everything that waits is a row of
the table `job`. Times are text in UTC, as Optimove writes them ("2026-03-02 09:00:00"), and sort as they are.
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
while not HANDOVER.exists():  # when the bridge is started first and the run comes later
    time.sleep(0.1)
TOLD = json.loads(HANDOVER.read_text())
OPTIMOVE, TEXTLOCAL = TOLD["services"]["optimove"], TOLD["services"]["textlocal"]
CHANNELS = [channel for channel in TOLD["channels"] if channel["provider"] == "textlocal"]
PHONE, CONSENT = TOLD["attributes"]["phone"], TOLD["attributes"]["consent"]
HOST, PORT, TOKEN = TOLD["listen"]["host"], TOLD["listen"]["port"], TOLD["webhook_token"]
MY_URL = f"http://{HOST}:{PORT}/{TOKEN}"  # who does not know the token finds nothing
CLOCK_URL = None if os.environ.get("FLASK_BRIDGE_CLOCK") == "machine" else TOLD.get("clock_url")

# ---- database: one connection, one thread at a time; no name means a temporary file
DB = sqlite3.connect(os.environ.get("FLASK_BRIDGE_DATABASE", ""), check_same_thread=False)
LOCK, WAKE = threading.Lock(), threading.Event()
CHANGE = "UPDATE message SET state = ? WHERE batch = ? AND number = ?"
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
    """Both or neither. What has a name that is there already is left alone: an event that comes twice does nothing."""
    rows = [(name, kind, json.dumps(payload), due) for name, kind, due, payload in jobs]
    with LOCK, DB:
        DB.executemany("INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", messages)
        DB.executemany("INSERT OR IGNORE INTO job VALUES (?, ?, ?, ?)", rows)
    WAKE.set()


# ---- clock
def live_by(clock_url, work, name="bridge"):
    """Call `work(now)` for ever; it does all that is due, and returns when the next is (ISO 8601, UTC), or None."""
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
        left = 60 if until is None else (datetime.fromisoformat(until) - datetime.now(UTC)).total_seconds()
        WAKE.wait(min(max(left, 0), 60))


def later(when, **how_much):
    return str(datetime.fromisoformat(when) + timedelta(**how_much))


# ---- Optimove: at most 50 calls in 10 seconds, 10,000 rows a page, 100 templates or metrics a call
CALLS = {"optimove": (deque(maxlen=50), 11), "textlocal": (deque(maxlen=10), 2)}  # and seconds, with one to spare
TEMPLATES = {}  # as they were last seen
PAGE, ITEMS, BATCH = 10_000, 100, 500
TRIGGERED, EXECUTED = 11, 13  # types of events
METRICS = {0: {"sending", "sent", "delivered", "failed"}, 1: {"delivered"}, 5: {"dropped"}, 9: {"failed"}}


def keep_rate(now, service):
    calls, seconds = CALLS[service]
    if len(calls) == calls.maxlen and later(calls[0], seconds=seconds) > now:
        raise RuntimeError(f"{service} takes no more calls now; this one has to wait")
    calls.append(now)


class RefusedError(Exception):
    """What was asked for is wrong, or not there; asking again changes nothing."""


def optimove(now, method, path, body=None, **query):
    keep_rate(now, "optimove")
    url, headers = f"{OPTIMOVE['url']}/current/{path}", {"X-API-KEY": OPTIMOVE["credentials"]["api_key"]}
    reply = requests.request(method, url, params=query, json=body, headers=headers, timeout=60)
    if method == "GET" and reply.status_code == requests.codes.not_found:
        return []  # it may say so of what is empty
    if reply.status_code in {400, 404}:
        raise RefusedError(f"{path}: {reply.status_code} {reply.text}")
    reply.raise_for_status()
    return reply.json() if reply.content else None


def in_parts(some, most):
    return [some[start : start + most] for start in range(0, len(some), most)]


# ---- Textlocal: at most 500 messages with texts of their own a call
PLACEHOLDER = re.compile(r"%%\|(\w+)(?:\^\{.*?\})?%%")


def textlocal(command, **form):
    form |= TEXTLOCAL["credentials"]
    reply = requests.post(f"{TEXTLOCAL['url']}/{command}/", data=form, timeout=60)
    reply.raise_for_status()
    return reply.json()


def templates_by_id(now):
    keep_rate(now, "textlocal")
    found = {int(row["id"]): row for row in textlocal("get_templates")["templates"]}
    TEMPLATES.update(found)
    return found


def prepare(body, attributes):
    """Number, in digits with the country code, and text; no number for who must not be sent to, or cannot."""
    text = PLACEHOLDER.sub(lambda found: attributes.get(found[1]) or "", body)
    try:
        number = phonenumbers.parse(attributes.get(PHONE) or "", TOLD.get("country", "GB"))
    except phonenumbers.NumberParseException:
        return None, text
    wanted = attributes.get(CONSENT) == "1" and phonenumbers.is_valid_number(number)
    return f"{number.country_code}{number.national_number}" if wanted else None, text


def surely_not_done(error):
    """Whether a call that failed had no effect: it was refused, or nobody was there. After a timeout, who knows."""
    refused = error.response is not None and error.response.status_code < requests.codes.server_error
    return refused or isinstance(getattr(error.args[0], "reason", None), NewConnectionError | ConnectTimeoutError)


# ---- jobs: each does its work at `now`, and returns when it wants to be done again, or None
def introduce(now):
    titles = {template: row["title"] for template, row in templates_by_id(now).items()}
    for channel, kind in ((channel["id"], channel["kind"]) for channel in CHANNELS):
        listener = {"EventTypeID": TRIGGERED if kind == "triggered" else EXECUTED, "ListenerURL": f"{MY_URL}/events"}
        optimove(now, "POST", "general/RegisterEventListener", listener | {"ChannelID": channel})
        known = optimove(now, "GET", "integrations/GetChannelTemplates", ChannelID=channel)
        known = {row["TemplateID"]: row["TemplateName"] for row in known}
        new = [{"TemplateID": key, "TemplateName": title} for key, title in titles.items() if known.get(key) != title]
        for some in in_parts(new, ITEMS):
            optimove(now, "POST", "integrations/AddChannelTemplates", some, ChannelID=channel)
        gone = [{"ChannelID": channel, "TemplateID": key} for key in known if key not in titles]
        for some in in_parts(gone, ITEMS):
            optimove(now, "POST", "integrations/DeleteChannelTemplates", some)
    return later(now, minutes=30)


def page(now, campaign, channel, skip):
    bodies = {template: row["body"] for template, row in templates_by_id(now).items()}
    names = list(dict.fromkeys([PHONE, CONSENT, *PLACEHOLDER.findall(" ".join(bodies.values()))]))
    query = {"CampaignID": campaign, "ChannelID": channel, "CustomerAttributes": ";".join(names), "$top": PAGE}
    rows = optimove(now, "GET", "customers/GetCustomerSendDetailsByChannel", **query, **{"$skip": skip})
    together = defaultdict(list)  # a batch is sent at one time; one letter outside ASCII makes all of it cost more
    for row in rows:
        number, text = prepare(bodies[row["TemplateID"]], dict(zip(names, row["CustomerAttributes"], strict=True)))
        message = (f"{campaign}:{channel}:{row['CustomerID']}", campaign, channel, row["TemplateID"], number, text)
        together[row["ScheduledTime"], text.isascii()].append(message)
    jobs, messages = [], []
    for (due, _), group in together.items():
        for some in in_parts(group, BATCH):
            batch = f"{campaign}-{channel}-{skip}-{len(jobs)}"
            messages += [(*message, batch, "pending" if message[4] else "dropped") for message in some]
            jobs.append((f"send:{batch}", "send", due, {"batch": batch}))
    jobs += [week_of_metrics(campaign, channel, min(due for due, _ in together))] if rows else []
    jobs += [page_of(campaign, channel, skip + PAGE)] if len(rows) == PAGE else []
    add(jobs, messages)


def page_of(campaign, channel, skip):
    return f"page:{campaign}:{channel}:{skip}", "page", "", {"campaign": campaign, "channel": channel, "skip": skip}


def week_of_metrics(campaign, channel, start):
    payload = {"campaign": campaign, "channel": channel, "until": later(start, days=7)}
    return f"metrics:{campaign}:{channel}", "metrics", later(start, minutes=15), payload


def trigger(now, event):
    template, campaign, channel = event["templateid"], event["campaignid"], event["channelid"]
    found = TEMPLATES.get(template) or templates_by_id(now).get(template)
    if found is None:
        return  # whatever it was to say, nobody knows it any more
    given = dict(event["given"])
    attributes = {name: json.dumps(value) if isinstance(value, int | float) else value for name, value in given.items()}
    if not attributes.keys() >= {PHONE, CONSENT, *PLACEHOLDER.findall(found["body"])}:
        attributes = looked_up(now, event["customerid"]) | attributes
    number, text = prepare(found["body"], attributes)
    name = f"trigger-{event['requestid']}"
    message = (name, campaign, channel, template, number, text, name, "pending" if number else "dropped")
    add([(f"send:{name}", "send", "", {"batch": name}), week_of_metrics(campaign, channel, now)], [message])


def looked_up(now, customer):
    try:
        found = optimove(now, "GET", f"Customers/{quote(customer, safe='')}/Attributes")
    except requests.HTTPError as error:
        if error.response.status_code != requests.codes.forbidden:
            raise
        found = []  # the key may not ask, so what the event did not tell is not known
    return {row["RealFieldName"]: row["Value"] for row in found}


def send(now, batch):
    rows = sql("SELECT number, text FROM message WHERE batch = ? AND state = 'pending'", batch)
    if not rows:
        return
    keep_rate(now, "textlocal")
    data = {
        "sender": TOLD["sender"],
        "messages": [{"number": number, "text": quote(text)} for number, text in rows],
        "receiptUrl": f"{MY_URL}/receipts/{batch}",
        "unicode": not all(text.isascii() for _, text in rows),
    }
    # On the disk before the call: what is found as `sending` after a crash or a timeout is not sent again.
    sql("UPDATE message SET state = 'sending' WHERE batch = ? AND state = 'pending'", batch)
    try:
        said = textlocal("bulk_json", data=json.dumps(data))
    except requests.RequestException as error:
        if not surely_not_done(error):
            raise
        said = {"errors": str(error)}
    taken = [one for part in said.get("messages") or [] for one in part["messages"]]
    accepted = [("sent", batch, str(one["recipient"])) for one in taken]
    refused = [("dropped", batch, str(one["number"])) for one in said.get("messages_not_sent") or []]
    if not accepted and not refused:
        sql("UPDATE message SET state = 'pending' WHERE batch = ? AND state = 'sending'", batch)
        raise RuntimeError(said.get("errors"))
    with LOCK, DB:
        DB.executemany(f"{CHANGE} AND state = 'sending'", accepted + refused)


def metrics(now, campaign, channel, until):
    select = "SELECT template, state, COUNT(*) FROM message WHERE campaign = ? AND channel = ? GROUP BY template, state"
    counts = {(template, state): number for template, state, number in sql(select, campaign, channel)}
    items = [
        {"ChannelID": channel, "CampaignID": int(campaign), "TemplateID": template, "MetricID": metric}
        | {"MetricValue": sum(counts.get((template, state), 0) for state in states)}
        for template in {template for template, _ in counts}
        for metric, states in METRICS.items()
    ]
    for some in in_parts(items, ITEMS):
        optimove(now, "POST", "integrations/UpdateCampaignMetrics", some)
    return later(now, hours=6) if later(now, hours=6) <= until else None


def work(now):
    """Do all that is due, and say when there is more to do."""
    jobs = {job.__name__: job for job in (introduce, page, trigger, send, metrics)}
    now = now[:19].replace("T", " ")
    while True:
        found = sql("SELECT id, kind, payload FROM job WHERE due <= ? ORDER BY due, id LIMIT 1", now)
        if not found:
            (due,) = sql("SELECT MIN(due) FROM job")[0]
            return due and due.replace(" ", "T") + "Z"
        name, kind, payload = found[0]
        try:
            again = jobs[kind](now, **json.loads(payload))
        except RefusedError:
            app.logger.exception("%s is given up, as it was refused", name)
            again = None
        except Exception:
            app.logger.exception("%s failed, and is tried again", name)
            again = later(now, seconds=15)
        sql("UPDATE job SET due = ? WHERE id = ?", again, name)


# ---- webhooks: store and answer, nothing more; what nobody could work with is refused here, and not tried for ever
app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 1_000_000


def whole(said, name):
    """An id of Optimove; SQLite takes no larger number."""
    value = int(str(said[name]))
    if not 0 <= value < 1 << 63:
        raise ValueError(f"{name} is no id: {value}")
    return value


def job_of(said):
    """What an event asks for, or None for a type that this bridge knows nothing of."""
    # the vendor's sample of event 11 has no type
    kind = whole(said, "eventtypeid") if "eventtypeid" in said else TRIGGERED
    if kind == EXECUTED:
        return page_of(whole(said, "campaignid"), whole(said, "channelid"), 0)
    if kind != TRIGGERED:
        return None
    event = {name: whole(said, name) for name in ("campaignid", "channelid", "templateid")}
    event |= {name: str(said[name]) for name in ("requestid", "customerid")}
    event["given"] = [pair for group in said["personalization"].values() for pair in group.items()]
    return f"trigger:{event['requestid']}", "trigger", "", {"event": event}


@app.post(f"/{TOKEN}/events")
def event():
    try:
        job = job_of({name.lower(): value for name, value in json.loads(request.get_data()).items()})
        add([job] if job else [])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return f"this is no event: {type(error).__name__}: {error}", 400
    return ""


@app.post(f"/{TOKEN}/receipts/<batch>")
def receipt(batch):
    state = {"D": "delivered", "U": "failed", "I": "failed"}.get(request.form["status"], "sent")
    sql(f"{CHANGE} AND state IN ('sending', 'sent')", state, batch, request.form["number"])
    return ""


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it would write a line for each receipt
    sql("INSERT OR REPLACE INTO job VALUES ('introduce', 'introduce', '{}', '')")
    threading.Thread(target=make_server(HOST, PORT, app, threaded=True).serve_forever, daemon=True).start()
    live_by(CLOCK_URL, work) if CLOCK_URL else live_by_the_machine(work)
