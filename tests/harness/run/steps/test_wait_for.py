"""Waiting for a bridge: until each channel has its listener, and the bridge takes part in the virtual clock."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from run_helpers import RecordedProgress
from sendproof_harness.run.aborted import RunAbortedError
from sendproof_harness.run.context import RunContext
from sendproof_harness.run.steps.wait_for import LISTENERS_LIMIT, WAIT_STEP, join, wait_for
from sendproof_harness.run.time_control import HARNESS, at_rest
from sendproof_harness.scenario.load import parse_scenarios

PARKED = {"participants": [{"name": "bridge", "parked": True}], "in_flight": 0}
EMPTY: dict[str, Any] = {"participants": [], "in_flight": 0}
HARNESS_ONLY = {"participants": [{"name": HARNESS, "parked": True}], "in_flight": 0}


@dataclass
class ScriptedControl:
    """A control API whose clock shows one snapshot after another, the last one repeatedly."""

    clocks: list[dict[str, Any]]

    def clock(self, _sandbox: str) -> dict[str, Any]:
        return self.clocks.pop(0) if len(self.clocks) > 1 else self.clocks[0]

    def state(self, _sandbox: str) -> dict[str, Any]:
        return {"counts": {"request": 3}}

    def unauthenticated_requests(self) -> list[dict[str, Any]]:
        return []


@dataclass
class RecordedTime:
    """The time of a run, which only records by how much it was advanced."""

    control: ScriptedControl
    rate: float | None = None
    is_paced: bool = False
    advances: list[timedelta] = field(default_factory=list)

    def at_rest(self) -> bool:
        return at_rest(self.control.clock("s"))

    def advance(self, by: timedelta) -> None:
        self.advances.append(by)

    def let_pass(self, *, passes: bool) -> None:
        assert not passes


def advances_until_joined(*clocks: dict[str, Any]) -> list[timedelta]:
    """Join a clock that shows these snapshots, and return the advances of time."""
    control = ScriptedControl(list(clocks))
    time = RecordedTime(control)
    context = RunContext(
        scenario=SimpleNamespace(starts=datetime(2026, 3, 2, tzinfo=UTC)),
        control=control,
        sandboxes=("s",),
        bridge=SimpleNamespace(must_join_clock=True, check_running=lambda: None),
        time=time,
        timeout_s=20,
        progress=RecordedProgress(),
    )
    join(context)
    return time.advances


def test_bridge_that_joins_between_two_looks_advances_no_time():
    """Between two looks it is neither absent nor alone; a minute would shift the whole history."""
    assert advances_until_joined(EMPTY, PARKED) == [timedelta()]


def test_time_advances_while_only_the_harness_waits_for_a_killed_bridge():
    """Nothing else could end the wait, because the bridge comes back at a virtual time."""
    assert advances_until_joined(HARNESS_ONLY, PARKED) == [WAIT_STEP, timedelta()]


# -- listeners of the channels -------------------------------------------------------------------------

SCENARIO = """
sendproof: 1
name: Two channels
seed: 7
starts: 2026-03-02T06:00:00Z
audience: {customers: 5}
channels: [{id: 505, provider: textlocal}, {id: 250, provider: textlocal, kind: triggered}]
templates: [{provider: textlocal, title: News, body: "Hello {{FIRST_NAME}}"}]
campaigns:
  - campaign: 7001
    channel: 505
    announced: 2026-03-02T06:30:00Z
    splits: [{share: 100%, template: News, send_at: 2026-03-02T09:00:00Z}]
triggers: [{trigger: Visit, campaign: 8001, channel: 250, template: News, criteria: [{event: visit}]}]
steps: [{wait_for: {listeners: 1}}, {plan: 7001}, {trigger: Visit}, {advance: 1 hour}]
"""
EXECUTED, TRIGGERED = {"event_type": 13, "channel": 505}, {"event_type": 11, "channel": 250}


@dataclass
class ListenersControl(ScriptedControl):
    """A control API whose state shows one list of listeners after another, the last one repeatedly."""

    listeners: list[list[dict[str, Any]]] = field(default_factory=list)
    apps: dict[str, dict[str, str]] = field(default_factory=dict)

    def state(self, _sandbox: str) -> dict[str, Any]:
        """Return the listeners as they are after the time that has passed."""
        state = {"counts": {"request": 3}, "listeners": self.listeners[0], "channel_templates": {}}
        return state | {"channel_apps": self.apps}


@dataclass
class ListenersTime(RecordedTime):
    """Each advance reaches the next list of listeners."""

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 6, tzinfo=UTC) + sum(self.advances, timedelta())

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        assert isinstance(self.control, ListenersControl)
        if by and len(self.control.listeners) > 1:
            self.control.listeners.pop(0)


def waited(*listeners: list[dict[str, Any]], text: str = SCENARIO) -> timedelta:
    """Wait for a bridge that has these listeners, one list after each minute; return the virtual time that passed."""
    (scenario,) = parse_scenarios(text, "two.yaml")
    control = ListenersControl([PARKED], list(listeners))
    time = ListenersTime(control)
    context = RunContext(
        scenario=scenario,
        control=control,
        sandboxes=("s",),
        bridge=SimpleNamespace(must_join_clock=True, check_running=lambda: None),
        time=time,
        timeout_s=20,
        progress=RecordedProgress(),
    )
    wait_for(context, scenario.steps[0])
    return sum(time.advances, timedelta())


def test_progress_names_the_apps_that_the_bridge_has_to_list():
    """Optimove refuses a campaign with an unknown app, so the run cannot begin without it."""
    text = SCENARIO.replace("id: 505, provider: textlocal", "id: 505, provider: textlocal, apps: [{id: ios, name: I}]")
    (scenario,) = parse_scenarios(text.replace("    channel: 505\n", "    channel: 505\n    app: ios\n"), "app.yaml")
    control = ListenersControl([PARKED], [[EXECUTED, TRIGGERED]], apps={"505": {"ios": "I"}})
    progress = RecordedProgress()
    bridge = SimpleNamespace(must_join_clock=True, check_running=lambda: None)
    context = RunContext(scenario=scenario, control=control, sandboxes=("s",), bridge=bridge,
                         time=ListenersTime(control), timeout_s=20, progress=progress)  # fmt: skip

    wait_for(context, scenario.steps[0])

    assert progress.phases == ["waiting for the bridge: 1 listener, 0 templates, 1 app (AddChannelApps)"]


def test_wait_ends_when_each_channel_has_the_listener_that_it_needs():
    """A count would be reached by the first of two channels, and the bridge blamed for what it does a second later."""
    assert waited([EXECUTED], [EXECUTED, TRIGGERED]) == WAIT_STEP


def test_listener_for_all_channels_or_for_processed_campaigns_is_enough():
    """Both announce every campaign to the bridge."""
    assert waited([{"event_type": 1, "channel": None}, TRIGGERED]) == timedelta()


def test_one_listener_for_all_channels_counts_for_each():
    """The contract lets a bridge leave out the channel, so that one registration is enough."""
    text = SCENARIO.replace(", kind: triggered", "").replace("listeners: 1", "listeners: 2")
    text = re.sub(r"^triggers: .*\n", "", text, flags=re.MULTILINE).replace("{trigger: Visit}, ", "")

    assert waited([{"event_type": 13, "channel": None}], text=text) == timedelta()


def test_run_begins_before_the_first_campaign_without_a_listener_that_never_comes():
    """The judge names the channel, and can still judge the others."""
    assert waited([EXECUTED]) == LISTENERS_LIMIT


@dataclass
class JournalControl(ListenersControl):
    """A control API with a journal. Optimove lists no template."""

    lines: list[dict[str, Any]] = field(default_factory=list)

    def journal(self, _sandbox: str, _since: int) -> bytes:
        return b"\n".join(map(msgspec.json.encode, self.lines))


def test_refused_requests_are_named_after_messages_went_out():
    """The journal then has other lines with a status: that of a delivery is a word."""
    (scenario,) = parse_scenarios(SCENARIO.replace("listeners: 1", "templates: 1"), "two.yaml")
    refused = {"kind": "request", "method": "POST", "path": "/send", "service": "textlocal", "status": 400}
    lines = [{"kind": "delivery_status", "status": "delivered"}, refused]
    control = JournalControl([PARKED], [[EXECUTED, TRIGGERED]], lines=lines)
    bridge = SimpleNamespace(must_join_clock=True, check_running=lambda: None, is_started_by_run=False)
    context = RunContext(scenario=scenario, control=control, sandboxes=("s",), bridge=bridge,
                         time=ListenersTime(control), timeout_s=0, progress=RecordedProgress())  # fmt: skip

    with pytest.raises(RunAbortedError) as error:
        wait_for(context, scenario.steps[0])

    assert error.value.aborted.got.endswith("POST /send to textlocal: status 400")
