"""The reference bridge is killed at the worst moments, started again, and still sends every message exactly once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
import requests

from killing_proxy import KillPoint, killing_proxy
from running_bridge import TOKEN, BridgeProcess, Sandbox, lines, wait_until

DAY = 24 * 3600 * 1000
WEEK = 8 * DAY
CUSTOMERS = 300
SPLITS = [
    {"share": 0.5, "template": "Early", "send_at": "2026-03-02T09:00:00Z"},
    {"share": 0.5, "template": "Late", "send_at": "2026-03-02T12:00:00Z"},
]


@pytest.fixture
def sandbox(simulators, request):
    """Two templates, and some customers who are not to be sent to."""
    made = Sandbox(simulators, CUSTOMERS, virtual=getattr(request, "param", "virtual") == "virtual")
    made.add_templates(
        {"title": "Early", "body": "Good morning {{FIRST_NAME}}"}, {"title": "Late", "body": "Hello {{FIRST_NAME}}"}
    )
    return made


class Stage:
    """The bridge, with a proxy before each service and before its own door."""

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

    def begin(self):
        """Start, and wait until templates and listener are there."""
        self.bridge.start()
        wait_until(self._ready, "listener and templates", self.bridge.log)

    def _ready(self):
        state = self.sandbox.state()
        return len(state["listeners"]) == 3 and len(state["channel_templates"].get("505", [])) == 2

    def kill_at(self, place, operation, nth, when):
        self.proxies[place].points.append(KillPoint(operation, nth, when, self.bridge.kill))

    def play(self, place, days=1):
        """A campaign and the days after it; as often as the bridge is killed on the way, it is started again."""
        self.sandbox.plan(7001, CUSTOMERS, SPLITS)
        with ThreadPoolExecutor(1) as pool:
            passing = pool.submit(self.sandbox.advance, by_ms=days * DAY)
            for _ in self.proxies[place].points:
                self.proxies[place].reached.get(timeout=300)
                self.bridge.start()
            passing.result()


@pytest.fixture
def stage(tmp_path, sandbox):
    """Ready to begin."""
    with ExitStack() as stack:
        yield Stage(stack, tmp_path, sandbox)


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
# One loss of each kind: an announcement, a page, a send, a receipt, a report.
QUICK = [
    ("bridge", "optimove webhook", 1, "before"),
    ("optimove", "GetCustomerSendDetailsByChannel", 2, "after"),
    ("textlocal", "bulk_json", 1, "after"),
    ("bridge", "textlocal webhook", 100, "after"),
    ("optimove", "UpdateCampaignMetrics", 2, "before"),
]


def kills():
    """Return a case for each point, before and after the effect of its call."""
    cases = [(*point, when) for point in POINTS for when in ("before", "after")]
    return [pytest.param(*case, marks=[] if case in QUICK else pytest.mark.slow) for case in cases]


@pytest.mark.parametrize(("place", "operation", "nth", "when"), kills())
def test_every_message_goes_out_once_though_the_bridge_was_killed(stage, place, operation, nth, when):
    """Killed before or after the effect of a call, and started again: nothing is lost and nothing is doubled."""
    stage.begin()
    stage.kill_at(place, operation, nth, when)
    # The bridge asks for missing receipts after three days.
    stage.play(place, days=5 if operation == "status_message" else 1)

    history = stage.sandbox.history()
    owed = [line for line in lines(history, "obligation") if line["owed"]]
    wanted = Counter((line["number"], line["text"]) for line in owed)
    assert Counter((line["number"], line["text"]) for line in lines(history, "delivery")) == wanted
    assert reported(history) == {"sent": len(owed), "dropped": CUSTOMERS - len(owed)}
    assert interactions(history) == {0: len(owed), 5: CUSTOMERS - len(owed)}


def reported(history):
    """The last totals of sent and dropped."""
    last = {}
    for line in lines(history, "metrics"):
        last.update({(item["TemplateID"], item["MetricID"]): item["MetricValue"] for item in line["items"]})
    sums = Counter()
    for (_, metric), value in last.items():
        sums[metric] += value
    return {"sent": sums[0], "dropped": sums[5]}


def interactions(history):
    """How many customers were said to be sent to, and dropped."""
    told = {0: set(), 5: set()}
    for line in lines(history, "interactions"):
        if line["event_id"] in told:
            told[line["event_id"]].update(line["customers"])
    return {event: len(customers) for event, customers in told.items()}


@pytest.mark.slow
def test_a_bridge_killed_while_it_looks_up_still_sends_once(stage):
    """The reply to a send is lost, and at the look-up afterwards the bridge is lost, too."""
    stage.begin()
    stage.kill_at("textlocal", "bulk_json", 1, "after")
    stage.kill_at("textlocal", "get_history_api", 1, "after")
    stage.play("textlocal")

    history = stage.sandbox.history()
    wanted = Counter((line["number"], line["text"]) for line in lines(history, "obligation") if line["owed"])
    assert Counter((line["number"], line["text"]) for line in lines(history, "delivery")) == wanted


def test_a_bridge_told_to_stop_stops_cleanly(stage):
    """It ends with status 0, and a second one on the same database is turned away while it runs."""
    stage.begin()
    second = stage.bridge.run_second()
    assert (second.returncode, "another bridge uses" in second.stderr) == (2, True)

    assert stage.bridge.stop() == 0


@pytest.mark.slow
def test_health_and_campaign_are_told_over_http(stage):
    """What the door says after a week without trouble."""
    stage.begin()
    stage.sandbox.plan(7001, CUSTOMERS, SPLITS)
    stage.sandbox.advance(by_ms=WEEK)

    health = requests.get(f"{stage.bridge.url}/health", timeout=60).json()
    campaign = requests.get(f"{stage.bridge.url}/campaigns/acme/505/7001", timeout=60).json()
    assert (health["status"], campaign["state"], campaign["customers"]) == ("ok", "finished", CUSTOMERS)
    assert "pending" not in campaign["messages"]


def test_nothing_secret_is_logged(stage):
    """Neither keys nor the token, though calls fail and are tried again."""
    stage.begin()
    stage.kill_at("textlocal", "bulk_json", 1, "after")
    stage.play("textlocal")

    secrets = [TOKEN, *(key for name in ("optimove", "textlocal") for key in stage.sandbox.service(name)[1].values())]
    log = stage.bridge.log.read_text()
    assert "looked up in the provider's record" in log or "found at the provider" in log
    assert [secret for secret in secrets if secret in log] == []


@pytest.mark.parametrize("sandbox", ["real"], indirect=True)
def test_on_the_machines_clock_work_begins_at_once(stage):
    """Nobody tells the time but the machine, and nobody wakes the worker but the door."""
    stage.begin()
    now = stage.sandbox.clock()["now"][:19] + "Z"
    stage.sandbox.plan(7001, CUSTOMERS, [{"share": 1, "template": "Early", "send_at": now}])

    owed = sum(line["owed"] for line in lines(stage.sandbox.history(), "obligation"))
    wait_until(lambda: len(lines(stage.sandbox.history(), "delivery")) == owed, "all deliveries")
