"""The reference bridge, killed at the worst moments and started again, sends every message exactly once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from killing_proxy import KillPoint, killing_proxy
from running_bridge import OPERATOR_TOKEN, TOKEN, BridgeProcess, Sandbox, lines, wait_until

DAY = 24 * 3600 * 1000
WEEK = 8 * DAY
CUSTOMERS = 300
SPLITS = [
    {"share": 0.5, "template": "Early", "send_at": "2026-03-02T09:00:00Z"},
    {"share": 0.5, "template": "Late", "send_at": "2026-03-02T12:00:00Z"},
]


@pytest.fixture
def sandbox(simulators, request):
    """Return a sandbox with two templates, in which some customers must not get messages."""
    made = Sandbox(simulators, CUSTOMERS, virtual=getattr(request, "param", "virtual") == "virtual")
    made.add_templates(
        {"title": "Early", "body": "Good morning {{FIRST_NAME}}"}, {"title": "Late", "body": "Hello {{FIRST_NAME}}"}
    )
    return made


class ProxiedBridge:
    """The bridge, with a proxy in front of each service and in front of its own webhooks."""

    def __init__(self, stack, folder, sandbox):
        self.sandbox = sandbox
        self.bridge = BridgeProcess(folder, sandbox)
        self.proxies, urls = {}, {}
        for name, target in self._targets():
            self.proxies[name], urls[name] = stack.enter_context(killing_proxy(target, _operation))
        self.bridge.use_urls(urls)
        stack.callback(self.bridge.clean_up)

    def _targets(self):
        yield from ((name, self.sandbox.service(name)[0]) for name in ("optimove", "textlocal"))
        yield "bridge", self.bridge.url

    def start(self):
        """Start, and wait until templates and listeners are registered."""
        self.bridge.start()
        wait_until(self._ready, "listener and templates", self.bridge.log)

    def _ready(self):
        state = self.sandbox.state()
        return len(state["listeners"]) == 3 and len(state["channel_templates"].get("505", [])) == 2

    def kill_at(self, server, operation, nth, when):
        self.proxies[server].points.append(KillPoint(operation, nth, when, self.bridge.kill))

    def run_campaign(self, server, days=1):
        """Run a campaign and the days after it. Start the bridge again after each kill."""
        self.sandbox.plan(7001, CUSTOMERS, SPLITS)
        with ThreadPoolExecutor(1) as pool:
            advance = pool.submit(self.sandbox.advance, by_ms=days * DAY)
            for _ in self.proxies[server].points:
                self.proxies[server].reached.get(timeout=300)
                self.bridge.start()
            advance.result()


@pytest.fixture
def proxied(tmp_path, sandbox):
    """Yield a bridge with proxies, not yet started."""
    with ExitStack() as stack:
        yield ProxiedBridge(stack, tmp_path, sandbox)


def _operation(path):
    parts = path.partition("?")[0].strip("/").split("/")
    return f"{parts[1]} webhook" if parts[0] == "webhooks" else parts[-1]


POINTS = [
    ("bridge", "optimove webhook", 1),
    ("optimove", "GetCustomerSendDetailsByChannel", 1),
    ("optimove", "GetCustomerSendDetailsByChannel", 2),
    ("textlocal", "bulk_json", 1),
    ("textlocal", "bulk_json", 2),
    ("bridge", "textlocal webhook", 1),
    ("bridge", "textlocal webhook", 100),
    ("optimove", "UpdateCampaignMetrics", 2),
    ("optimove", "UpdateCampaignInteractions", 2),
    ("textlocal", "status_message", 2),
]


def kills():
    """Return a case for each point, before and after the effect of its call.

    A kill after the effect is the one that can send twice.
    """
    marks = {"before": pytest.mark.exhaustive, "after": pytest.mark.slow}
    return [pytest.param(*point, when, marks=mark) for point in POINTS for when, mark in marks.items()]


@pytest.mark.parametrize(("server", "operation", "nth", "when"), kills())
def test_killed_bridge_sends_every_message_once(proxied, server, operation, nth, when):
    """The bridge is killed before or after the effect of a call, and started again."""
    proxied.start()
    proxied.kill_at(server, operation, nth, when)
    # The bridge polls for missing receipts after three days.
    proxied.run_campaign(server, days=5 if operation == "status_message" else 1)

    history = proxied.sandbox.history()
    due = [line for line in lines(history, "obligation") if line["owed"]]
    expected = Counter((line["number"], line["text"]) for line in due)
    assert Counter((line["number"], line["text"]) for line in lines(history, "delivery")) == expected
    assert reported(history) == {"sent": len(due), "dropped": CUSTOMERS - len(due)}
    assert interactions(history) == {0: len(due), 5: CUSTOMERS - len(due)}


def reported(history):
    """Return the last reported totals of sent and dropped."""
    last = {}
    for line in lines(history, "metrics"):
        last.update({(item["TemplateID"], item["MetricID"]): item["MetricValue"] for item in line["items"]})
    sums = Counter()
    for (_, metric), value in last.items():
        sums[metric] += value
    return {"sent": sums[0], "dropped": sums[5]}


def interactions(history):
    """Return the number of customers reported as sent and as dropped, by event id."""
    customers_by_event = {0: set(), 5: set()}
    for line in lines(history, "interactions"):
        if line["event_id"] in customers_by_event:
            customers_by_event[line["event_id"]].update(line["customers"])
    return {event: len(customers) for event, customers in customers_by_event.items()}


@pytest.mark.slow
def test_bridge_killed_during_lookup_sends_every_message_once(proxied):
    """The response to a send request is lost, and the bridge is killed while it looks up the result."""
    proxied.start()
    proxied.kill_at("textlocal", "bulk_json", 1, "after")
    proxied.kill_at("textlocal", "get_history_api", 1, "after")
    proxied.run_campaign("textlocal")

    history = proxied.sandbox.history()
    expected = Counter((line["number"], line["text"]) for line in lines(history, "obligation") if line["owed"])
    assert Counter((line["number"], line["text"]) for line in lines(history, "delivery")) == expected


def test_bridge_stops_with_status_0_after_sigterm(proxied):
    """While it runs, it must also refuse a second bridge on the same database."""
    proxied.start()
    second = proxied.bridge.run_second()
    assert (second.returncode, "another bridge uses" in second.stderr) == (2, True)

    assert proxied.bridge.stop() == 0


@pytest.mark.slow
def test_bridge_reports_status_and_campaign_state(proxied):
    proxied.start()
    proxied.sandbox.plan(7001, CUSTOMERS, SPLITS)
    proxied.sandbox.advance(by_ms=WEEK)

    headers = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    status = requests.get(f"{proxied.bridge.url}/status", headers=headers, timeout=60).json()
    campaign = requests.get(f"{proxied.bridge.url}/campaigns/acme/505/7001", headers=headers, timeout=60).json()
    assert (status["status"], campaign["state"], campaign["customers"]) == ("ok", "finished", CUSTOMERS)
    assert "pending" not in campaign["messages"]


def test_bridge_log_has_no_secrets(proxied):
    """Failed calls and their retries are logged, too."""
    proxied.start()
    proxied.kill_at("textlocal", "bulk_json", 1, "after")
    proxied.run_campaign("textlocal")

    secrets = [TOKEN, *(key for name in ("optimove", "textlocal") for key in proxied.sandbox.service(name)[1].values())]
    log = proxied.bridge.log.read_text()
    assert "looked up in the provider's record" in log or "found at the provider" in log
    assert [secret for secret in secrets if secret in log] == []


@pytest.mark.parametrize("sandbox", ["real"], indirect=True)
def test_bridge_on_real_clock_starts_work_immediately(proxied):
    """Without virtual time, only the webhook wakes the worker."""
    proxied.start()
    now = proxied.sandbox.clock()["now"][:19] + "Z"
    proxied.sandbox.plan(7001, CUSTOMERS, [{"share": 1, "template": "Early", "send_at": now}])

    due = sum(line["owed"] for line in lines(proxied.sandbox.history(), "obligation"))
    wait_until(lambda: len(lines(proxied.sandbox.history(), "delivery")) == due, "all deliveries")
