"""Webhooks over real HTTP: attempts, copies, dropped attempts, order, bursts, and the latency of triggers."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from running import RunningSimulators
from running_bridge import wait_until
from stand_in import Reply, StandIn, stand_in

MINUTE = 60_000
SEND_AT = "2026-03-02T09:00:00Z"
CHANNELS = [
    {"id": 452, "provider": "textlocal", "kind": "scheduled"},
    {"id": 250, "provider": "textlocal", "kind": "triggered"},
]


@dataclass
class Stage:
    """A sandbox with a template on both channels, and a listener for events 1, 11 and 13."""

    simulators: RunningSimulators
    listener: StandIn
    made: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/sandboxes/{self.made['sandbox']}"

    def call(self, method: str, path: str, body: object = None) -> Any:
        return self.simulators.call(method, self.path + path, body)

    def optimove(self, path: str, body: object) -> None:
        service = self.made["services"]["optimove"]
        headers = {"x-api-key": service["credentials"]["api_key"]}
        assert requests.post(service["url"] + path, json=body, headers=headers, timeout=60).ok

    def announce(self, *campaigns: int) -> None:
        """Schedule campaigns for now; they are announced as soon as time moves."""
        splits = [{"share": 1, "template": "Hello", "send_at": SEND_AT}]
        for campaign in campaigns:
            self.call("POST", "/campaigns", {"campaign": campaign, "channel": 452, "customers": 1, "splits": splits})

    def inject(self, event: str, fault: str, **settings: int) -> None:
        """Inject a fault into every webhook of an event."""
        self.call("POST", "/faults", [{"fault": fault, "webhook": f"optimove.{event}", "times": "all", **settings}])

    def advance(self, by_ms: int) -> None:
        self.call("POST", "/clock/advance", {"by_ms": by_ms})

    def attempts(self, key: str) -> list[dict[str, Any]]:
        """Return all attempts of one webhook."""
        (webhook,) = [webhook for webhook in self.call("GET", "/webhooks") if webhook["key"] == key]
        attempts: list[dict[str, Any]] = webhook["attempts"]
        return attempts

    def received(self) -> list[str]:
        """Return event and campaign of each webhook at the listener, in order."""
        return [f"{seen.body.get('EventTypeID')}:{seen.body.get('CampaignID')}" for seen in self.listener.calls("hook")]

    def trigger(self) -> None:
        body = {
            "trigger": "Visit",
            "campaign": 8,
            "channel": 250,
            "template": "Hello",
            "criteria": [{"event": "visit"}],
        }
        assert self.call("POST", "/triggers", body)["fired"] == 0

    def visit(self, *customers: int) -> Any:
        events = [{"customer": f"C{number:07d}", "event": "visit", "parameters": {"page": "/"}} for number in customers]
        return self.call("POST", "/events", events)


@pytest.fixture
def listener() -> Iterator[StandIn]:
    """Start a listener."""
    with stand_in() as server:
        yield server


def staged(simulators: RunningSimulators, listener: StandIn, clock: dict[str, Any], **settings: Any) -> Stage:
    """Create a sandbox, and set it up as a bridge would."""
    settings = {"seed": 3, "clock": clock, "audience": {"customers": 2_000}, "channels": CHANNELS, **settings}
    stage = Stage(simulators, listener, simulators.call("POST", "/sandboxes", settings))
    stage.call("POST", "/providers/textlocal/templates", [{"id": 14, "title": "Hello", "body": "Dear {{FIRST_NAME}}"}])
    for channel in (452, 250):
        added = [{"TemplateID": 14, "TemplateName": "Hello"}]
        stage.optimove(f"/current/integrations/AddChannelTemplates?ChannelID={channel}", added)
    for event in (1, 2, 3, 11, 13):
        body = {"EventTypeID": event, "ListenerURL": listener.url + "/hook"}
        stage.optimove("/current/general/RegisterEventListener", body)
    return stage


@pytest.fixture
def stage(simulators: RunningSimulators, listener: StandIn) -> Stage:
    """Create a sandbox in virtual time."""
    return staged(simulators, listener, {"mode": "virtual", "start": "2026-03-02T06:00:00Z"})


def test_failing_webhook_is_retried_to_the_end_of_the_policy(stage: Stage) -> None:
    stage.listener.respond("hook", Reply(status=503))
    stage.announce(7)
    stage.advance(3 * 60 * MINUTE)
    attempts = stage.attempts("13:7:452")
    minutes = [0, 1, 6, 21, 81]
    assert [attempt["at"][11:16] for attempt in attempts] == [f"{6 + m // 60:02d}:{m % 60:02d}" for m in minutes]
    assert [(attempt["attempt"], attempt["status"]) for attempt in attempts] == [(n, 503) for n in range(1, 6)]


def test_acknowledged_webhook_is_not_retried(stage: Stage) -> None:
    stage.listener.respond("hook", Reply(status=500), Reply(status=500), Reply(status=500), Reply(status=500), Reply())
    stage.announce(7)
    stage.advance(24 * 60 * MINUTE)
    assert [attempt["status"] for attempt in stage.attempts("13:7:452")] == [500, 500, 200]


def test_duplicate_fault_sends_copies_of_a_webhook(stage: Stage) -> None:
    stage.inject("13", "duplicate_webhook", copies=2)
    stage.announce(7)
    stage.advance(1)
    assert sorted(stage.received()) == ["13:7", "13:7", "13:7", "1:7"]
    webhooks = [line for line in stage.simulators.history(stage.made["sandbox"]) if line["kind"] == "webhook"]
    assert sorted(line.get("resend", 0) for line in webhooks if line["event"] == "13") == [0, 1, 2]


def test_journal_parts_equal_the_history_and_have_durations(stage: Stage) -> None:
    stage.announce(7)
    stage.advance(1)
    url = f"{stage.simulators.control}/control{stage.path}"
    pieces = [requests.get(f"{url}/journal?start=0&max_bytes=1000", timeout=60).text]
    while pieces[-1]:
        pieces.append(requests.get(f"{url}/journal?start={len(''.join(pieces))}&max_bytes=1000", timeout=60).text)
    followed = [json.loads(line) for line in "".join(pieces).splitlines()]
    expectations = [json.loads(line) for line in requests.get(f"{url}/expectations", timeout=60).text.splitlines()]
    assert stage.simulators.history(stage.made["sandbox"])[1:-1] == expectations + followed
    assert all(line["duration_ms"] > 0 for line in followed if line["kind"] == "webhook")


def test_delay_fault_lets_later_webhooks_overtake(stage: Stage) -> None:
    stage.inject("1", "delay_webhook", by=MINUTE)
    stage.announce(7)
    stage.advance(MINUTE)
    assert stage.received() == ["13:7", "1:7"]


def test_delay_fault_with_spread_gives_one_order_per_seed(stage: Stage) -> None:
    campaigns = list(range(1, 5))
    stage.inject("13", "delay_webhook", by=0, spread=10 * MINUTE)
    stage.announce(*campaigns)
    stage.advance(10 * MINUTE)
    order = [int(event[3:]) for event in stage.received() if event.startswith("13")]
    assert sorted(order) == campaigns
    assert order != campaigns
    again = staged(stage.simulators, stage.listener, {"mode": "virtual", "start": "2026-03-02T06:00:00Z"})
    again.inject("13", "delay_webhook", by=0, spread=10 * MINUTE)
    again.announce(*campaigns)
    again.advance(10 * MINUTE)
    assert [int(event[3:]) for event in again.received() if event.startswith("13")][len(campaigns) :] == order


def test_drop_fault_drops_the_first_attempts(stage: Stage) -> None:
    stage.inject("13", "drop_webhook", attempts=2)
    stage.announce(7)
    stage.advance(10 * MINUTE)
    attempts = stage.attempts("13:7:452")
    assert [(attempt["at"][11:16], attempt["status"], attempt.get("dropped", False)) for attempt in attempts] == [
        ("06:00", None, True),
        ("06:01", None, True),
        ("06:06", 200, False),
    ]
    assert stage.received().count("13:7") == 1


def test_acknowledged_webhook_can_be_resent(stage: Stage) -> None:
    stage.announce(7)
    stage.advance(1)
    assert stage.call("POST", "/webhooks/resend", {"key": "13:7:452"})["copy"] == 1
    stage.advance(1)
    assert stage.received().count("13:7") == 2
    url = f"{stage.simulators.control}/control{stage.path}/webhooks/resend"
    response = requests.post(url, json={"key": "13:1:452"}, timeout=60)
    assert (response.status_code, "no webhook of optimove is named '13:1:452'" in response.json()["detail"]) == (
        409,
        True,
    )


def test_log_can_be_filtered_by_event_and_service(stage: Stage) -> None:
    stage.announce(7)
    stage.advance(1)
    assert [webhook["key"] for webhook in stage.call("GET", "/webhooks?event=13")] == ["13:7:452"]
    assert stage.call("GET", "/webhooks?service=textlocal") == []


def test_burst_of_1000_triggers_is_sent_at_its_instant(stage: Stage) -> None:
    stage.trigger()
    recorded = stage.visit(*range(1_000))
    stage.advance(0)
    assert (recorded["events"], len(recorded["triggered"])) == (1_000, 1_000)
    customers = [seen.body["customerID"] for seen in stage.listener.calls("hook")]
    assert sorted(customers) == [f"C{number:07d}" for number in range(1_000)]
    lines = stage.simulators.history(stage.made["sandbox"])
    kinds = {"webhook", "trigger", "customer_event", "obligation"}
    assert {line["at"] for line in lines if line["kind"] in kinds} == {"2026-03-02T06:00:00.000Z"}


def test_trigger_in_real_time_reaches_its_listener_within_a_second(
    simulators: RunningSimulators, listener: StandIn
) -> None:
    """It mostly takes some milliseconds. One of 20 is enough, because other processes use the machine."""
    stage = staged(simulators, listener, {"mode": "real"})
    stage.trigger()

    def duration(customer: int) -> float:
        start = time.perf_counter()
        stage.visit(customer)
        wait_until(lambda: len(listener.calls("hook")) == customer + 1, "the trigger")
        return time.perf_counter() - start

    assert any(duration(customer) < 1 for customer in range(20))


def test_nightly_process_announces_campaigns_then_sends_events_2_and_3(
    simulators: RunningSimulators, listener: StandIn
) -> None:
    start = {"mode": "virtual", "start": "2026-03-02T01:59:00Z"}
    stage = staged(simulators, listener, start, nightly={"at": "02:00"})
    stage.announce(7)
    stage.advance(MINUTE + 5_000)
    heard = stage.received()
    assert (sorted(heard[:2]), heard[2:]) == (["13:7", "1:7"], ["2:None", "3:None"])


@pytest.mark.parametrize("nightly", [{"at": "24:00"}, {"at": "2:00"}, {"at": "02:60"}, {}])
def test_nightly_process_needs_a_time_of_day(simulators: RunningSimulators, nightly: dict[str, str]) -> None:
    url = simulators.control + "/control/sandboxes"
    assert requests.post(url, json={"seed": 1, "nightly": nightly}, timeout=60).status_code == 400
