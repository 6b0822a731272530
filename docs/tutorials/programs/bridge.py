"""A small bridge from Optimove to Textlocal, with Python alone."""

# --- 1. Webhooks, jobs and time
import json
import os
import re
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode
from urllib.request import Request, urlopen

with open(os.environ["SENDPROOF_HANDOVER"]) as file:
    handover = json.load(file)
optimove, textlocal = handover["services"]["optimove"], handover["services"]["textlocal"]
channel, token, listen = handover["channels"][0]["id"], handover["webhook_token"], handover["listen"]
my_url = f"http://{listen['host']}:{listen['port']}/{token}"

jobs = []  # (due, function); a time is text in UTC, as Optimove writes it: "2026-03-02 09:00:00"
webhooks = {}  # the function for each path
START = ""


def call(url, body=None, headers={}):
    with urlopen(Request(url, body, headers)) as reply:
        return json.loads(reply.read() or "null")


class Webhooks(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        handle = webhooks.get(self.path)
        if handle:
            handle(body)
        self.send_response(200 if handle else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def work(now):
    """Do all that is due, and return when the next job is due."""
    now = now[:19].replace("T", " ")
    while due := sorted((job for job in jobs if job[0] <= now), key=lambda job: job[0]):
        jobs.remove(due[0])
        due[0][1](now)
    return min(jobs, key=lambda job: job[0])[0].replace(" ", "T") + "Z" if jobs else None


def live_by(clock_url):
    seen = call(clock_url)
    while True:
        until = work(seen["now"])
        parked = {"participant": "bridge", "until": until, "since": seen["delivered"]}
        seen = call(f"{clock_url}/park", json.dumps(parked).encode(), {"Content-Type": "application/json"})


# --- 2. Templates and listener
def to_optimove(path, query={}, body=None):
    headers = {"X-API-KEY": optimove["credentials"]["api_key"], "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    return call(f"{optimove['url']}/current/{path}?{urlencode(query)}", content, headers)


def to_textlocal(command, **form):
    form["apikey"] = textlocal["credentials"]["apikey"]
    return call(f"{textlocal['url']}/{command}/", urlencode(form).encode())


def templates():
    return {str(template["id"]): template for template in to_textlocal("get_templates")["templates"]}


def connect(now):
    rows = [{"TemplateID": int(id), "TemplateName": template["title"]} for id, template in templates().items()]
    to_optimove("integrations/AddChannelTemplates", {"ChannelID": channel}, rows)
    listener = {"EventTypeID": 13, "ChannelID": channel, "ListenerURL": f"{my_url}/events"}
    to_optimove("general/RegisterEventListener", {}, listener)


jobs.append((START, connect))

# --- 3. The campaign
PLACEHOLDER = re.compile(r"%%\|(\w+)(?:\^\{.*?\})?%%")
PHONE = handover["attributes"]["phone"]
messages = []  # with template, number, text, at, and state: pending, sent, delivered, failed or dropped
follow_ups = []  # (minutes after the send time, function)


def on_event(body):
    event = {name.lower(): value for name, value in json.loads(body).items()}
    if event["eventtypeid"] == 13:
        jobs.append((START, lambda now: read_page(event["campaignid"], 0)))


def read_page(campaign, skip):
    texts = {id: template["body"] for id, template in templates().items()}
    names = [PHONE, *dict.fromkeys(name for text in texts.values() for name in PLACEHOLDER.findall(text))]
    query = {"CampaignID": campaign, "ChannelID": channel, "CustomerAttributes": ";".join(names)}
    rows = to_optimove("customers/GetCustomerSendDetailsByChannel", {**query, "$top": 10000, "$skip": skip})
    for row in rows:
        values = dict(zip(names, row["CustomerAttributes"]))
        text = PLACEHOLDER.sub(lambda match: values[match[1]] or "", texts[str(row["TemplateID"])])
        number = international(values[PHONE])
        state = "pending" if number else "dropped"
        message = {"template": row["TemplateID"], "at": row["ScheduledTime"]}
        messages.append({**message, "number": number, "text": text, "state": state})
    for at in {row["ScheduledTime"] for row in rows}:
        jobs.append((at, lambda now, at=at: send(at)))
        for minutes, task in follow_ups:
            jobs.append((later(at, minutes=minutes), lambda now, at=at, task=task: task(now, campaign, at)))
    if len(rows) == 10000:
        jobs.append((START, lambda now: read_page(campaign, skip + 10000)))


def international(number):
    """Return digits with the country code of Great Britain, or None."""
    digits = re.sub(r"[^\d+]", "", number or "")
    digits = re.sub(r"^(\+|00)", "", digits) if re.match(r"\+|00", digits) else re.sub("^0", "44", digits)
    return digits if re.fullmatch(r"447\d{9}", digits) else None


def later(time, **duration):
    return str(datetime.fromisoformat(time) + timedelta(**duration))


def send(at):
    opted_out = {str(row["number"]) for row in to_textlocal("get_optouts")["optouts"]}
    due = [message for message in messages if message["state"] == "pending" and message["at"] == at]
    for message in due:
        message["state"] = "dropped" if message["number"] in opted_out else "sent"
    due = [message for message in due if message["state"] == "sent"]
    for start in range(0, len(due), 500):
        part = [{"number": message["number"], "text": message["text"]} for message in due[start : start + 500]]
        unicode = not all(message["text"].isascii() for message in part)
        data = {"messages": part, "receiptUrl": f"{my_url}/receipts", "unicode": unicode}
        if "sender" in handover:
            data["sender"] = handover["sender"]
        to_textlocal("bulk_json", data=json.dumps(data))


webhooks[f"/{token}/events"] = on_event

# --- 4. The reports
METRICS = {0: ("sent", "delivered", "failed"), 1: ("delivered",), 5: ("dropped",), 9: ("failed",)}


def on_receipt(body):
    form = parse_qs(body)
    state = {"D": "delivered", "U": "failed", "I": "failed", "E": "failed"}.get(form["status"][0])
    for message in messages:
        if message["number"] == form["number"][0] and message["state"] == "sent" and state:
            message["state"] = state


def report(now, campaign, at):
    items = [
        {"ChannelID": channel, "CampaignID": campaign, "TemplateID": template, "MetricID": metric,
         "MetricValue": sum(message["template"] == template and message["state"] in states for message in messages)}
        for template in {message["template"] for message in messages}
        for metric, states in METRICS.items()
    ]  # fmt: skip
    to_optimove("integrations/UpdateCampaignMetrics", {}, items)
    if later(now, hours=6) <= later(at, days=7):
        jobs.append((later(now, hours=6), lambda now: report(now, campaign, at)))


webhooks[f"/{token}/receipts"] = on_receipt
follow_ups.append((15, report))

# --- 5. Start
server = ThreadingHTTPServer((listen["host"], listen["port"]), Webhooks)
threading.Thread(target=server.serve_forever, daemon=True).start()
live_by(handover["clock_url"])
